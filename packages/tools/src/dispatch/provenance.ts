// What a run has read so far, and whose words were whose: the facts that policy rules look at. Bits are only ever set.
import type { ChatMessage } from '../engines/engine.ts';
import { labelOfMessage } from '../engines/position-labels.ts';
import { isUntrusted, joinLabels, type Label } from '../label.ts';
import type { Seen } from '../policy/policy.ts';
import { normaliseUrl, urlsIn } from '../policy/urls.ts';

/** The provenance of one run. */
export class Provenance {
  seen: Seen = { private: false, untrusted: false, label: { trust: 'system', source: 'system' } };
  /** URLs that the user (or the host) wrote, and URLs that anything else showed. */
  readonly userLinks = new Set<string>();
  readonly shownLinks = new Set<string>();
  /** What system, developer and user wrote. */
  trustedText = '';

  /** Notes that a text with this label entered the context. */
  see(label: Label): void {
    this.seen = {
      private: this.seen.private || label.private === true,
      untrusted: this.seen.untrusted || isUntrusted(label),
      label: joinLabels([this.seen.label, label]),
    };
  }
  /** Notes a message of the conversation. */
  read(message: ChatMessage): void {
    const label = labelOfMessage(message);
    this.see(label);
    const trusted = label.trust === 'user' || label.trust === 'system' || label.trust === 'developer';
    for (const link of urlsIn(message.content))
      (trusted ? this.userLinks : this.shownLinks).add(normaliseUrl(link) ?? link);
    if (trusted) this.trustedText += `${message.content}\n`;
  }
  /** Notes URLs that a result showed. */
  show(links: readonly string[]): void {
    for (const link of links) {
      const url = normaliseUrl(link);
      if (url !== undefined) this.shownLinks.add(url);
    }
  }
}
