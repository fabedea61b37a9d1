// What the model's turn holds so far: its text and calls for the history, and its exact pieces (sampled and forced) for going on in the middle.
import type { ChatMessage } from '../engines/engine.ts';
import type { JsonObject } from '../json.ts';
import { joinLabels, type Label, type Segment } from '../label.ts';
import type { DispatchEvent, SplicedResult } from './dispatch-events.ts';
import type { Call } from './outcome.ts';

const nameOf = (call: Call): string => (call.name === '' ? 'unreadable_call' : call.name);

/** The record of one turn. */
export class TurnLog {
  written: Segment[] = [];
  private text = '';
  private reasoning = '';
  private calls = 0;

  /** Notes an event of the machine. */
  take(event: DispatchEvent): void {
    if (event.type === 'text') this.text += event.text;
    else if (event.type === 'think') this.reasoning += event.text;
    else if (event.type === 'call.ready') this.calls++;
  }
  /** Notes sampled text; `special`: it is exactly one special token. */
  sampled(text: string, special: boolean): void {
    this.written.push(
      special
        ? { kind: 'special', text }
        : { kind: 'text', text, label: { trust: 'model', source: 'model' } },
    );
  }
  /** Notes forced text; returns its segment. */
  forced(text: string, labels: readonly Label[]): Segment {
    const segment: Segment = {
      kind: 'text',
      text,
      // One result keeps its call's id; several together are labelled as their join.
      label:
        labels.length === 1
          ? (labels[0] as Label)
          : labels.length === 0
            ? { trust: 'tool', source: 'tool' }
            : joinLabels(labels),
    };
    this.written.push(segment);
    return segment;
  }
  /** The turn as messages: the assistant's, and one for each result. A call is never without its result. */
  messages(results: readonly SplicedResult[]): ChatMessage[] {
    const out: ChatMessage[] = [];
    if (this.text !== '' || this.calls > 0 || this.reasoning !== '' || results.length > 0)
      out.push({
        role: 'assistant',
        content: this.text,
        ...(this.reasoning === '' ? {} : { reasoning: this.reasoning }),
        ...(results.length === 0
          ? {}
          : {
              toolCalls: results.map(({ call }) => ({
                id: call.id,
                name: nameOf(call),
                arguments: call.arguments as JsonObject,
              })),
            }),
      });
    for (const { call, text, label } of results)
      out.push({ role: 'tool', content: text, toolCallId: call.id, name: nameOf(call), label });
    return out;
  }
  /** Begins the next turn. */
  clear(): void {
    this.written = [];
    this.text = '';
    this.reasoning = '';
    this.calls = 0;
  }
}
