// Ids of the calls of a run: what the format or the endpoint wrote, if it is new, else the next of the format's own (rule 16).
import type { ToolFormat } from '../formats/format.ts';
import { callId } from '../formats/render-calls.ts';

/** Gives every call of a run an id that no other call of it has. */
export class CallIds {
  private readonly format: ToolFormat;
  private readonly taken = new Set<string>();
  constructor(format: ToolFormat) {
    this.format = format;
  }
  /** The id of call number `index`: `given` where it is one and free. */
  take(name: string, index: number, given: string | undefined): string {
    let id = given !== undefined && given !== '' && !this.taken.has(given) ? given : undefined;
    for (let n = index; id === undefined || this.taken.has(id); n++) id = callId(this.format, name, n);
    this.taken.add(id);
    return id;
  }
}
