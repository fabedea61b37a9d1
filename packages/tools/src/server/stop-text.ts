// Stop strings over streamed text: what may still become one is held back; the text before the first is let out. Split-invariant.

/** Lets text out up to the first stop string. */
export class StopText {
  private readonly stops: readonly string[];
  private held = '';
  stopped = false;
  constructor(stops: readonly string[]) {
    this.stops = stops;
  }
  /** The text that may be shown after `text` has come. */
  push(text: string): string {
    if (this.stopped) return '';
    this.held += text;
    let first = -1;
    for (const stop of this.stops) {
      const at = this.held.indexOf(stop);
      if (at >= 0 && (first < 0 || at < first)) first = at;
    }
    if (first >= 0) {
      this.stopped = true;
      const out = this.held.slice(0, first);
      this.held = '';
      return out;
    }
    let keep = 0;
    for (const stop of this.stops)
      for (let n = Math.min(stop.length - 1, this.held.length); n > keep; n--)
        if (this.held.endsWith(stop.slice(0, n))) keep = n;
    const out = this.held.slice(0, this.held.length - keep);
    this.held = this.held.slice(this.held.length - keep);
    return out;
  }
  /** What was held back, when the text has ended. */
  end(): string {
    const out = this.stopped ? '' : this.held;
    this.held = '';
    return out;
  }
}
