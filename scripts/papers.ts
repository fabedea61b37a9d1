// `docs/papers.md`: the papers that the sources name, and the files that implement them. Files are found by their arXiv numbers, so the page cannot name a file that does not follow
// the paper; a number without a title here is an error.
//   node --conditions=@ashlar/source --import tsx scripts/papers.ts [--write]
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

const titles: Readonly<Record<string, string>> = {
  '1506.02438':
    'Schulman et al. 2016, High-dimensional continuous control using generalized advantage estimation',
  '1604.06174': 'Chen et al. 2016, Training deep nets with sublinear memory cost',
  '1606.08415': 'Hendrycks, Gimpel 2016, Gaussian error linear units',
  '1607.06450': 'Ba, Kiros, Hinton 2016, Layer normalization',
  '1610.02424': 'Vijayakumar et al. 2016, Diverse beam search',
  '1701.06538':
    'Shazeer et al. 2017, Outrageously large neural networks: the sparsely-gated mixture-of-experts layer',
  '1705.04304': 'Paulus, Xiong, Socher 2017, A deep reinforced model for abstractive summarization',
  '1707.06347': 'Schulman et al. 2017, Proximal policy optimization algorithms',
  '1711.05101': 'Loshchilov, Hutter 2019, Decoupled weight decay regularization',
  '1805.04833': 'Fan, Lewis, Dauphin 2018, Hierarchical neural story generation',
  '1903.06059': 'Kool, van Hoof, Welling 2019, Stochastic beams and where to find them',
  '1904.09751': 'Holtzman et al. 2019, The curious case of neural text degeneration',
  '1909.05858':
    'Keskar et al. 2019, CTRL: a conditional transformer language model for controllable generation',
  '1909.08593': 'Ziegler et al. 2019, Fine-tuning language models from human preferences',
  '1910.07467': 'Zhang, Sennrich 2019, Root mean square layer normalization',
  '1910.10683':
    'Raffel et al. 2019, Exploring the limits of transfer learning with a unified text-to-text transformer',
  '2002.05202': 'Shazeer 2020, GLU variants improve transformer',
  '2007.14966':
    'Basu et al. 2020, Mirostat: a neural text decoding algorithm that directly controls perplexity',
  '2104.09864': 'Su et al. 2021, RoFormer: enhanced transformer with rotary position embedding',
  '2106.09685': 'Hu et al. 2021, LoRA: low-rank adaptation of large language models',
  '2108.12409': 'Press, Smith, Lewis 2021, Train short, test long: attention with linear biases',
  '2110.14168': 'Cobbe et al. 2021, Training verifiers to solve math word problems',
  '2202.00666': 'Meister et al. 2022, Locally typical sampling',
  '2203.11171': 'Wang et al. 2022, Self-consistency improves chain of thought reasoning',
  '2203.15556': 'Hoffmann et al. 2022, Training compute-optimal large language models',
  '2205.14135': 'Dao et al. 2022, FlashAttention: fast and memory-efficient exact attention',
  '2210.15191': 'Hewitt, Manning, Liang 2022, Truncation sampling as language model desmoothing',
  '2211.17192': 'Leviathan, Kalman, Matias 2022, Fast inference from transformers via speculative decoding',
  '2302.01318': 'Chen et al. 2023, Accelerating large language model decoding with speculative sampling',
  '2302.06675': 'Chen et al. 2023, Symbolic discovery of optimization algorithms',
  '2305.10425': 'Zhao et al. 2023, SLiC-HF: sequence likelihood calibration with human feedback',
  '2305.11860': 'Aggarwal et al. 2023, Adaptive-consistency for efficient reasoning and coding',
  '2305.13245': 'Ainslie et al. 2023, GQA: training generalized multi-query transformer models',
  '2305.14314': 'Dettmers et al. 2023, QLoRA: efficient finetuning of quantized LLMs',
  '2305.18290': 'Rafailov et al. 2023, Direct preference optimization',
  '2305.20050': "Lightman et al. 2023, Let's verify step by step",
  '2306.17806': 'Sanchez et al. 2023, Stay on topic with classifier-free guidance',
  '2309.00071': 'Peng et al. 2023, YaRN: efficient context window extension of large language models',
  '2309.02772': 'Zhu et al. 2023, Hot or cold? Adaptive temperature sampling for code generation',
  '2309.06180':
    'Kwon et al. 2023, Efficient memory management for large language model serving with PagedAttention',
  '2309.16240': 'Wang et al. 2023, Beyond reverse KL: generalizing DPO with diverse divergence constraints',
  '2309.17453': 'Xiao et al. 2023, Efficient streaming language models with attention sinks',
  '2310.02743': 'Coste et al. 2023, Reward model ensembles help mitigate overoptimization',
  '2310.12036':
    'Azar et al. 2023, A general theoretical paradigm to understand learning from human preferences',
  '2311.03285': 'Sheng et al. 2023, S-LoRA: serving thousands of concurrent LoRA adapters',
  '2312.03732': 'Kalajdzievski 2023, A rank stabilization scaling factor for fine-tuning with LoRA',
  '2312.07104': 'Zheng et al. 2023, SGLang: efficient execution of structured language model programs',
  '2401.08417': 'Xu et al. 2024, Contrastive preference optimization',
  '2402.00856': 'Ji et al. 2024, Towards efficient exact optimization of language model alignment',
  '2402.01306': 'Ethayarajh et al. 2024, KTO: model alignment as prospect theoretic optimization',
  '2402.03300':
    'Shao et al. 2024, DeepSeekMath: pushing the limits of mathematical reasoning in open language models',
  '2402.05369': 'Chen et al. 2024, Noise contrastive alignment of language models with explicit rewards',
  '2402.13753': 'Ding et al. 2024, LongRoPE: extending LLM context window beyond 2 million tokens',
  '2402.14740':
    'Ahmadian et al. 2024, Back to basics: revisiting REINFORCE-style optimization for learning from human feedback',
  '2403.00409': 'Chowdhury, Kini, Natarajan 2024, Provably robust DPO',
  '2403.02310': 'Agrawal et al. 2024, Taming throughput-latency tradeoff in LLM inference with Sarathi-Serve',
  '2403.07691': 'Hong et al. 2024, ORPO: monolithic preference optimization without reference model',
  '2403.14541': 'Zhang et al. 2024, EDT: entropy-based dynamic temperature sampling',
  '2404.04656': 'Jung et al. 2024, Binary classifier optimization for large language model alignment',
  '2404.06395': 'Hu et al. 2024, MiniCPM: unveiling the potential of small language models',
  '2404.10102': 'Besiroglu et al. 2024, Chinchilla scaling: a replication attempt',
  '2404.10830': 'Ding et al. 2024, Fewer truncations improve language modeling',
  '2405.00675': 'Wu et al. 2024, Self-play preference optimization for language model alignment',
  '2405.14734': 'Meng et al. 2024, SimPO: simple preference optimization with a reference-free reward',
  '2405.18392':
    'Haegele et al. 2024, Scaling laws and compute-optimal training beyond fixed training durations',
  '2406.05882': 'Melnyk et al. 2024, Distributional preference alignment of LLMs via optimal transport',
  '2406.08414':
    'Lu et al. 2024, Discovering preference optimization algorithms with and for large language models',
  '2407.01082':
    'Nguyen et al. 2024, Turning up the heat: min-p sampling for creative and coherent LLM outputs',
  '2408.06266': "D'Oosterlinck et al. 2024, Anchored preference optimization and contrastive revisions",
  '2411.07641': 'Tang et al. 2024, Top-n-sigma: not all logits are you need',
  '2411.09009': 'Wijmans et al. 2024, Cut your losses in large-vocabulary language models',
  '2502.03373': 'Yeo et al. 2025, Demystifying long chain-of-thought reasoning in LLMs',
  '2502.15938':
    'Bergsma et al. 2025, Straight to zero: why linearly decaying the learning rate to zero works best for LLMs',
  '2503.14476': 'Yu et al. 2025, DAPO: an open-source LLM reinforcement learning system at scale',
  '2503.20783': 'Liu et al. 2025, Understanding R1-zero-like training: a critical perspective',
  '2506.13585': 'MiniMax 2025, MiniMax-M1: scaling test-time compute efficiently with lightning attention',
  '2506.13681': 'Schaeffer et al. 2025, Turning down the heat: a critical analysis of min-p sampling',
  '2507.18071': 'Zheng et al. 2025, Group sequence policy optimization',
  '2509.02510': 'Top-H decoding: adapting creativity and coherence with bounded entropy, 2025',
  '2509.23234': 'p-less sampling: a hyperparameter-free approach for LLM decoding, 2025',
};

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'fixtures' ? [] : sources(path);
      return entry.name.endsWith('.ts') && !entry.name.includes('.test.') ? [path] : [];
    })
    .sort();
}

/** Sources that name each arXiv number, by package. */
function mentions(name: string): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const path of sources(join(root, 'packages', name, 'src')))
    for (const [id] of readFileSync(path, 'utf8').matchAll(/(?<![\d.])\d{4}\.\d{5}(?!\d)/g)) {
      const files = found.get(id) ?? [];
      if (!files.includes(path)) found.set(id, [...files, path]);
    }
  return found;
}

/** The page as Markdown. Throws for a number that has no title here. */
export function papersPage(): string {
  const parts = [
    '# Papers',
    'Where each is followed. Made by `scripts/papers.ts` from the sources; a test keeps it current. What has no arXiv number (Bradley and Terry 1952, Davidson 1970, Elo, Plackett, Luce, Muon, Philox, RMSprop, ...) is named in the first line of its file.',
  ];
  for (const name of ['tokenizer', 'core', 'sampling', 'rlhf', 'tools']) {
    const rows = [...mentions(name)]
      .sort(([a], [b]) => a.localeCompare(b))
      .map(([id, files]) => {
        const title = titles[id];
        if (title === undefined)
          throw new Error(`${files[0]}: expected a title of arXiv ${id} in scripts/papers.ts`);
        const links = files.map((file) => {
          const path = relative(root, file).split(sep).join('/');
          return `[${path.split('/').slice(3).join('/')}](../${path})`;
        });
        return `| ${title} ([${id}](https://arxiv.org/abs/${id})) | ${links.join(', ')} |`;
      });
    if (rows.length > 0)
      parts.push(`## @ashlar/${name}`, ['| paper | files |', '| --- | --- |', ...rows].join('\n'));
  }
  return `${parts.join('\n\n')}\n`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  if (process.argv.includes('--write')) writeFileSync(join(root, 'docs', 'papers.md'), papersPage());
  else process.stdout.write(papersPage());
}
