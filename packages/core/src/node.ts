// @ashlar/core/node: files and directories on disk.
export { type WriteTokenShardsOptions, writeTokenShards } from './train/data/write-token-shards.ts';
export { loadTrainState, saveTrainState } from './train/train-state-file.ts';
export { openTrainingLog, readTrainingLog, type TrainingLog } from './train/training-log.ts';
export { nodeFileSource } from './weights/bytes/node-file-source.ts';
export { nodeFolder } from './weights/folders/node-folder.ts';
export { nodeFileSink, nodeOutputFolder } from './weights/write/node-output-folder.ts';
