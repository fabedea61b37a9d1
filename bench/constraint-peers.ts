// The constraint engines of npm behind one face: what to compile, masks step by step, and what is refused.
import { copyFileSync, mkdtempSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Constraint, constraint, jsonSchema, prepareVocabulary } from '@ashlar/sampling/constraints';

/** A vocabulary as all of them take it. */
export interface BenchVocabulary {
  /** The bytes of each id. */
  readonly texts: readonly Uint8Array[];
  /** Ids from here on are special. */
  readonly vocabSize: number;
  readonly eos: number;
  /** Each id as byte-level BPE writes it. */
  readonly encoded: readonly string[];
}

/** One text under a constraint. */
export interface BenchRun {
  /** Makes the mask of the next id; bits by id. */
  mask(): ArrayLike<number> | Promise<ArrayLike<number>>;
  /** Takes an id; false when it may not come. */
  accept(id: number): boolean;
  dispose?(): void;
}

/** An engine with its vocabulary. */
export interface BenchEngine {
  readonly name: string;
  /** Throws where the schema is refused; gives what starts a run. */
  compile(schema: unknown): Promise<{ start(): Promise<BenchRun>; dispose?(): void }>;
}

/** Makes ready and says in how many milliseconds; or the reason why not. */
export type Prepared = { readonly engine: BenchEngine; readonly ms: number } | { readonly reason: string };

const clocked = async <T>(work: () => T | Promise<T>): Promise<{ made: T; ms: number }> => {
  const start = performance.now();
  const made = await work();
  return { made, ms: performance.now() - start };
};

/** Ours. */
export async function ashlar({ texts, vocabSize, eos }: BenchVocabulary): Promise<Prepared> {
  const { made: vocabulary, ms } = await clocked(() => {
    const own = prepareVocabulary({ vocabSize, tokenBytes: (id) => texts[id], eosTokenIds: [eos] });
    // What is known before any grammar is made with the first constraint.
    constraint(jsonSchema(true), own).mask();
    return own;
  });
  const start = (running: Constraint): BenchRun => ({
    mask: () => running.mask(),
    accept(id) {
      if (!running.allows(id)) return false;
      running.accept(id);
      return true;
    },
  });
  return {
    ms,
    engine: {
      name: 'ashlar',
      async compile(schema) {
        const language = jsonSchema(schema);
        return { start: async () => start(constraint(language, vocabulary)) };
      },
    },
  };
}

interface XGrammar {
  TokenizerInfo: {
    createTokenizerInfo(
      vocab: readonly string[],
      type: string,
      prepend: boolean,
      size: number,
      stop: number[],
    ): Promise<object>;
  };
  GrammarCompiler: {
    createGrammarCompiler(
      info: object,
      cache: boolean,
    ): Promise<{
      compileJSONSchema(
        schema: string,
        any: boolean,
        indent: number,
        separators: undefined,
        strict: boolean,
      ): Promise<{ dispose(): void }>;
    }>;
  };
  GrammarMatcher: {
    createGrammarMatcher(
      compiled: object,
      stop: number[],
    ): Promise<{
      getNextTokenBitmask(): Promise<Int32Array>;
      acceptToken(id: number): boolean;
      dispose(): void;
    }>;
  };
}

/** @mlc-ai/web-xgrammar: XGrammar in WebAssembly. */
export async function webXgrammar({ encoded, vocabSize, eos }: BenchVocabulary): Promise<Prepared> {
  try {
    const require = createRequire(import.meta.url);
    // A UMD body in a package that says "module": loads only under another name.
    const copy = join(mkdtempSync(join(tmpdir(), 'xgrammar-')), 'index.cjs');
    copyFileSync(require.resolve('@mlc-ai/web-xgrammar'), copy);
    const { TokenizerInfo, GrammarCompiler, GrammarMatcher } = require(copy) as XGrammar;
    const { made: compiler, ms } = await clocked(async () =>
      GrammarCompiler.createGrammarCompiler(
        await TokenizerInfo.createTokenizerInfo(encoded, 'byte_level', false, vocabSize, [eos]),
        false,
      ),
    );
    return {
      ms,
      engine: {
        name: 'web-xgrammar',
        async compile(schema) {
          const compiled = await compiler.compileJSONSchema(
            JSON.stringify(schema),
            true,
            2,
            undefined,
            false,
          );
          return {
            async start() {
              const matcher = await GrammarMatcher.createGrammarMatcher(compiled, [eos]);
              return {
                mask: () => matcher.getNextTokenBitmask(),
                accept: (id) => matcher.acceptToken(id),
                dispose: () => matcher.dispose(),
              };
            },
            dispose: () => compiled.dispose(),
          };
        },
      },
    };
  } catch (error) {
    return { reason: `@mlc-ai/web-xgrammar cannot be loaded: ${(error as Error).message.split('\n')[0]}` };
  }
}

interface HuggingFaceEngine {
  prepareTokenizer(source: object): void;
  createTokenConstraint(
    source: object,
    format: { type: 'json_schema'; json_schema: unknown },
  ): { fillMask(target: Uint32Array): boolean; commit(id: number): boolean };
}

/** @huggingface/transformers-structured-output: its engine alone, without the transformers library around it. */
export async function huggingFace({ texts, vocabSize, eos }: BenchVocabulary): Promise<Prepared> {
  try {
    const entry = createRequire(import.meta.url).resolve('@huggingface/transformers-structured-output');
    const path = join(dirname(entry), '..', 'src', 'engine', 'index.ts');
    const engine = (await import(pathToFileURL(path).href)) as HuggingFaceEngine;
    const special = Array.from({ length: vocabSize - texts.length }, (_, i) => texts.length + i);
    const tokens = [...texts, ...special.map((id) => new TextEncoder().encode(`<|special ${id}|>`))];
    const source = { tokens, eosTokenId: eos, specialTokenIds: special };
    const { ms } = await clocked(() => engine.prepareTokenizer(source));
    return {
      ms,
      engine: {
        name: 'transformers-structured-output',
        async compile(schema) {
          const make = () =>
            engine.createTokenConstraint(source, { type: 'json_schema', json_schema: schema });
          make();
          return {
            async start() {
              const running = make();
              const mask = new Uint32Array((vocabSize + 31) >> 5);
              return {
                mask() {
                  running.fillMask(mask);
                  return mask;
                },
                accept(id) {
                  try {
                    running.commit(id);
                    return true;
                  } catch {
                    return false;
                  }
                },
              };
            },
          };
        },
      },
    };
  } catch (error) {
    return {
      reason: `@huggingface/transformers-structured-output cannot be loaded: ${(error as Error).message.split('\n')[0]}`,
    };
  }
}
