// What the parser says that only has to be shown: text, thought, and the calls that are being written or were cut.
import type { ParseEvent } from '../formats/parse-event.ts';
import type { Unsequenced } from './dispatch-events.ts';

type Shown = Exclude<ParseEvent, { readonly type: 'call' | 'call-malformed' | 'call-id' | 'call-key' }>;

/** The dispatcher's event for it. */
export function shownEvent(event: Shown): Unsequenced {
  if (event.type === 'content') return { type: 'text', text: event.text };
  if (event.type === 'reasoning') return { type: 'think', text: event.text };
  const { region } = event;
  if (event.type === 'call-text') return { type: 'call.args', region, text: event.text };
  const named = event.name === undefined ? {} : { name: event.name };
  return event.type === 'call-open'
    ? { type: 'call.open', region, ...named }
    : { type: 'call.incomplete', region, raw: event.raw, ...named };
}
