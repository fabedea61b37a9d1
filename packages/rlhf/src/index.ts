// The public names of @ashlar/rlhf: advantages, comparisons, data, leaderboard, losses, rollouts, scaling laws, trainers.
export {
  type AdvantagesAndReturns,
  type GaeOptions,
  generalizedAdvantages,
  whiten,
} from './advantages/gae.ts';
export { type GroupRelativeOptions, groupRelativeAdvantages } from './advantages/group-relative.ts';
export { type KlControllerOptions, nextKlCoefficient, tokenRewards } from './advantages/kl-controller.ts';
export { leaveOneOutAdvantages } from './advantages/leave-one-out.ts';
export {
  type CosineLengthOptions,
  cosineLengthReward,
  repetitionPenalty,
  softOverlongPenalty,
} from './advantages/reward-shaping.ts';
export { cohenKappa, fleissKappa, krippendorffAlpha, type LabelDistance } from './comparisons/agreement.ts';
export { type CalibrationBin, calibration, longerWinRate } from './comparisons/audit.ts';
export { helpfulHonestHarmless, type LabelingGuideline, renderGuideline } from './comparisons/guidelines.ts';
export {
  type ConversationPart,
  type ExampleCodec,
  encodeConversation,
  encodeExample,
} from './data/encode-example.ts';
export {
  readArenaVotes,
  readAssistantTrees,
  readHhRlhf,
  readOpenAiComparisons,
} from './data/foreign-rows.ts';
export {
  type CompletionRow,
  type Content,
  type Message,
  type PreferenceRow,
  pairsOfRanking,
  type RankingRow,
  readCompletionRows,
  readPreferenceRows,
  readRankingRows,
  readUnpairedRows,
  splitPrompt,
  type UnpairedRow,
} from './data/preference-rows.ts';
export { RowError } from './data/row-error.ts';
export {
  type BootstrapOptions,
  bootstrapRatings,
  type RatingInterval,
  rankByInterval,
} from './leaderboard/bootstrap.ts';
export {
  type BradleyTerryFit,
  type BradleyTerryRatingOptions,
  bradleyTerryRatings,
} from './leaderboard/bradley-terry.ts';
export { DisconnectedVotesError } from './leaderboard/connected.ts';
export { type DavidsonFit, davidsonRatings } from './leaderboard/davidson.ts';
export { type EloOptions, eloRatings } from './leaderboard/elo.ts';
export { type LeaderboardRow, leaderboard, leaderboardPlot } from './leaderboard/leaderboard.ts';
export type { Vote } from './leaderboard/vote.ts';
export { type CpoOptions, cpoLoss } from './losses/cpo.ts';
export { type DistillationOptions, distillationLoss } from './losses/distillation.ts';
export type { Divergence } from './losses/dpo/divergence.ts';
export { type DpoOptions, type DpoVariant, dpoLoss, dpoVariants } from './losses/dpo.ts';
export { type KtoInputs, type KtoOptions, ktoLoss, ktoReferencePoint } from './losses/kto.ts';
export { type OrpoOptions, orpoLoss, orpoOddsRatioLoss } from './losses/orpo.ts';
export type { PairLogProbs } from './losses/pair-log-probs.ts';
export { type Aggregate, aggregate, type GlobalCounts } from './losses/policy/aggregate.ts';
export { cispoLoss } from './losses/policy/cispo.ts';
export { type GrpoOptions, grpoLoss, type PolicyBatch } from './losses/policy/grpo.ts';
export { type GspoOptions, gspoLoss } from './losses/policy/gspo.ts';
export { type KlEstimator, klEstimate } from './losses/policy/kl-estimator.ts';
export {
  type PpoPolicyOptions,
  type PpoValueOptions,
  ppoPolicyLoss,
  ppoValueLoss,
  type ValueBatch,
} from './losses/policy/ppo.ts';
export { reinforceLoss } from './losses/policy/reinforce.ts';
export { allPairsLoss } from './losses/reward/all-pairs.ts';
export { bestOfLoss } from './losses/reward/best-of.ts';
export { type BradleyTerryOptions, bradleyTerryLoss } from './losses/reward/bradley-terry.ts';
export { davidsonLoss } from './losses/reward/davidson.ts';
export { plackettLuceLoss } from './losses/reward/plackett-luce.ts';
export { type SimpoOptions, simpoLoss } from './losses/simpo.ts';
export {
  type ArithmeticOptions,
  arithmetic,
  type Environment,
  firstNumber,
  gsm8k,
  gsm8kAnswer,
} from './rollout/environment.ts';
export { type Rollout, type RolloutOptions, rollouts } from './rollout/rollout.ts';
export { bootstrapIsoFlops, type IsoFlopIntervals } from './scaling-laws/bootstrap-iso-flop.ts';
export {
  bootstrapScalingLaw,
  type Interval,
  type ScalingLawIntervals,
} from './scaling-laws/bootstrap-law.ts';
export {
  fitIsoFlops,
  type IsoFlopFit,
  type IsoFlopOptimum,
  type IsoFlopRun,
} from './scaling-laws/iso-flop.ts';
export {
  type FitOptions,
  fitScalingLaw,
  lawLoss,
  type ScalingLaw,
  type ScalingLawFit,
  type TrainingRun,
} from './scaling-laws/parametric-fit.ts';
export {
  computeOptimal,
  type FlopShape,
  matmulParameters,
  type TrainingPlan,
  trainingFlopsPerToken,
} from './scaling-laws/plan.ts';
export { scalingPlots } from './scaling-laws/scaling-plot.ts';
export {
  type PlanSweepOptions,
  planSweep,
  type RunSweepOptions,
  runSweep,
  type SweepResult,
  type SweepRun,
} from './scaling-laws/sweep.ts';
export { type SweepTrainerOptions, sweepTrainer } from './scaling-laws/train-sweep-run.ts';
export { type EncodedPair, type PairBatch, pairBatch } from './trainers/pair-batch.ts';
export {
  type PolicyObjectiveOptions,
  policyObjective,
  type RolloutBatch,
  rolloutTokens,
  valueHead,
  valuesOf,
} from './trainers/policy-objective.ts';
export { type PpoBatchOptions, ppoBatch } from './trainers/ppo-batch.ts';
export {
  ktoOnPairs,
  type PairLoss,
  type PreferenceMetrics,
  type PreferenceObjectiveOptions,
  pairLogProbs,
  preferenceMetrics,
  preferenceObjective,
} from './trainers/preference-objective.ts';
export {
  type RankingBatch,
  rankingBatch,
  rankingObjective,
  rewardHead,
  rewardModelParameters,
  rewardObjective,
  rewardScores,
  scoreRows,
} from './trainers/reward-model.ts';
export {
  bestOfN,
  bestOfNKl,
  ensembleReward,
  normalizeReward,
  type RewardStatistics,
  rewardStatistics,
} from './trainers/reward-use.ts';
export {
  cacheOf,
  fromCache,
  learnedLengths,
  type ReferenceCache,
  referenceKey,
  StaleReferenceError,
  sequenceLogProbs,
  withReference,
} from './trainers/sequence-log-probs.ts';
export {
  type PolicyReport,
  syncModel,
  type TrainPolicyOptions,
  trainPolicy,
} from './trainers/train-policy.ts';
