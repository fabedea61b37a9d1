// Stretches by the engine in JavaScript: the fallback of kernel-stretches.ts, and its slow twin.
import type { Scanner } from '../scanners/character-classes.ts';
import type { BytePairEngine } from './byte-pair-engine.ts';
import type { StretchEncoder } from './stretch-encoder.ts';
import { takeIds } from './take-ids.ts';
import { TextBuffer } from './text-buffer.ts';

export class EngineStretches implements StretchEncoder {
  private readonly engine: BytePairEngine;
  private readonly scanner: Scanner;
  private readonly text = new TextBuffer();

  constructor(engine: BytePairEngine, scanner: Scanner) {
    this.engine = engine;
    this.scanner = scanner;
  }

  encode(text: string, prefix: 0 | 1): number[] {
    const end = this.text.setText(text, prefix);
    const count = this.engine.encodeRun(this.text, end, this.scanner);
    this.text.release();
    return takeIds(this.engine.out, count);
  }

  count(text: string, prefix: 0 | 1, limit: number): number {
    const end = this.text.setText(text, prefix);
    const count = this.engine.countRun(this.text, end, this.scanner, limit);
    this.text.release();
    return count;
  }
}
