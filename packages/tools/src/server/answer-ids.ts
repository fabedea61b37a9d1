// Ids of the calls of an answer, as the model's own template will take them back: Mistral's are nine letters and digits, Kimi's number the calls
// of the conversation. What the model wrote counts, where it is new.

import type { ToolFormat } from '../formats/format.ts';
import { callId } from '../formats/render-calls.ts';
import { freshId } from './answers.ts';

/** Gives every call of an answer its id; `before`: how many calls the conversation had. */
export class AnswerIds {
  private readonly format: ToolFormat;
  private readonly taken = new Set<string>();
  private next: number;
  constructor(format: ToolFormat, before: number) {
    this.format = format;
    this.next = before;
  }
  /** The id of the next call. */
  take(name: string, written: string | undefined): string {
    let id = written;
    while (id === undefined || id === '' || this.taken.has(id)) id = this.fresh(name);
    this.taken.add(id);
    return id;
  }
  private fresh(name: string): string {
    if (this.format.ids === 'kimi') return callId(this.format, name, this.next + this.taken.size);
    return this.format.ids === 'mistral' ? freshId('').slice(1, 10) : freshId('call');
  }
}
