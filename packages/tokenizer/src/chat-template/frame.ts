// Where names live while a template runs: one frame a scope (template, loop iteration, macro call, with, block), looked
// up outwards. A frame writes to the output of its function.
import type { Runtime } from './runtime.ts';
import type { StrBuilder } from './str.ts';
import { Undefined, type Value } from './values.ts';

export class Frame {
  readonly rt: Runtime;
  readonly parent: Frame | undefined;
  out: StrBuilder;
  private readonly names: Map<string, Value>;
  private hidden: readonly string[] | undefined;
  private isBlock = false;

  constructor(
    rt: Runtime,
    parent: Frame | undefined,
    out: StrBuilder,
    names: Map<string, Value> = new Map(),
  ) {
    this.rt = rt;
    this.parent = parent;
    this.out = out;
    this.names = names;
  }

  /** A scope inside this one, with the same output or one of its own. */
  inner(out: StrBuilder = this.out): Frame {
    return new Frame(this.rt, this, out);
  }

  /** Makes names undefined here, whatever they are outside, until they are set. */
  hide(names: readonly string[]): void {
    this.hidden = names;
  }

  /** What is hidden outside is not hidden here: blocks look names up as the rendering has them. */
  reveal(): this {
    this.isBlock = true;
    return this;
  }

  /** The outermost scope that a template can write to. */
  get top(): Frame {
    let frame: Frame = this;
    while (frame.parent?.parent !== undefined) frame = frame.parent;
    return frame;
  }

  get(name: string): Value {
    let canHide = true;
    for (let frame: Frame | undefined = this; frame !== undefined; frame = frame.parent) {
      const value = frame.names.get(name);
      if (value !== undefined) return value;
      if (canHide && frame.hidden?.includes(name)) break;
      if (frame.isBlock) canHide = false;
    }
    return new Undefined(`'${name}' is undefined`);
  }

  set(name: string, value: Value): void {
    this.names.set(name, value);
  }
}
