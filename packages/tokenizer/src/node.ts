// The sub-path `@ashlar/tokenizer/node`: counting the files of a corpus with worker threads.
import { type CountFilesOptions, countFilesFrom, countRange } from './trainers/count-files.ts';
import { pieceCounter } from './trainers/count-pieces.ts';
import { PieceCounts } from './trainers/piece-counts.ts';

export type { CountFilesOptions } from './trainers/count-files.ts';

/**
 * The counts of all pieces of text files, every line with its end a document, counted by worker threads. Memory is that of the distinct pieces, once for every
 * worker. Throws a RangeError for a bad number of workers; a file that cannot be read throws as `fs` does.
 */
export const countFiles = (paths: readonly string[], options: CountFilesOptions): Promise<PieceCounts> =>
  countFilesFrom(import.meta.url, paths, options);

/**
 * What the workers load from this module.
 * @internal
 */
export const workerParts = { countRange, pieceCounter, PieceCounts };
