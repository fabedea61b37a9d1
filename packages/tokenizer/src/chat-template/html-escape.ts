// markupsafe.escape: what `|e` does, and what meets Markup. A character's replacement keeps its provenance.
import { mapCodePoints, type Str } from './str.ts';

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  "'": '&#39;',
  '"': '&#34;',
};

export function escapeHtml(value: Str): Str {
  if (value.safe) return value;
  const escaped = /[&<>'"]/.test(value.text)
    ? mapCodePoints(value, (character) => entities[character] ?? character)
    : value;
  return escaped.marked(true);
}
