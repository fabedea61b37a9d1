// The machine that every thread runs: a program is a list of instructions in the shared memory, `[opcode, length, ...args]` in 32-bit words. Each
// thread walks the whole list and does its own share of each instruction; they meet at a barrier after each. So a step of a model is one call
// into WASM, whatever its number of operations. Threads spin a while and then sleep,
// but for a page's main thread, which may not wait.
import { attend } from './attention.as';
import { elementwise } from './elementwise.as';
import { gemm } from './gemm.as';
import { linear } from './linear.as';
import { activate, norm, quantize } from './norm.as';
import { append } from './pages.as';
import { quantizeBytes } from './panel-bytes.as';
import { rope } from './rope.as';
export { useWide } from './panel.as';
import { reduce, softmax } from './rows.as';
import { attention, attentionGrad } from './train-attention.as';
import { adamw, heads, normGrad, rowCrossEntropy, rowCrossEntropyGrad, scatterRows, siluMul, siluMulGrad, squareSum } from './train-rows.as';

// Control block at address 1024 (below it nothing is placed): generation, arrived, barrier generation, stop, threads, program, end; whether tiles
// have sixteen rows (panel.as.ts).
const CONTROL: usize = 1024;
const GENERATION: usize = CONTROL;
const ARRIVED: usize = CONTROL + 64;
const PHASE: usize = CONTROL + 128;
const STOP: usize = CONTROL + 192;
const THREADS: usize = CONTROL + 256;
const PROGRAM: usize = CONTROL + 320;
const END: usize = CONTROL + 324;
const SPINS: i32 = 20000;

// Waiting is forbidden on a page's main thread; everywhere else it gives the core to a thread that needs it.
let mayWait: bool = false;

/** Lets this thread sleep at a barrier after a while of spinning. */
export function allowWaiting(): void {
  mayWait = true;
}

function barrier(threads: i32, thread: i32): void {
  if (threads === 1) return;
  const phase = atomic.load<i32>(PHASE);
  if (atomic.add<i32>(ARRIVED, 1) === threads - 1) {
    atomic.store<i32>(ARRIVED, 0);
    atomic.add<i32>(PHASE, 1);
    atomic.notify(PHASE, -1);
    return;
  }
  let spins = 0;
  while (atomic.load<i32>(PHASE) === phase) {
    if (mayWait && ++spins > SPINS) atomic.wait<i32>(PHASE, phase, -1);
  }
}

function train(op: i32, args: usize, thread: i32, threads: i32): void {
  if (op === 64) normGrad(args, thread, threads);
  else if (op === 65) siluMul(args, thread, threads);
  else if (op === 66) siluMulGrad(args, thread, threads);
  else if (op === 67) heads(args, thread, threads);
  else if (op === 68) rowCrossEntropy(args, thread, threads);
  else if (op === 69) rowCrossEntropyGrad(args, thread, threads);
  else if (op === 70) scatterRows(args, thread, threads);
  else if (op === 71) adamw(args, thread, threads);
  else if (op === 72) squareSum(args, thread, threads);
  else if (op === 73) attention(args, thread, threads);
  else if (op === 74) attentionGrad(args, thread, threads);
}

function walk(thread: i32): void {
  const threads = atomic.load<i32>(THREADS);
  let at = <usize>atomic.load<i32>(PROGRAM);
  const end = <usize>atomic.load<i32>(END);
  while (at < end) {
    const word = load<i32>(at), op = word & 0xff, free = word & 0x100; // free: the next instruction does not depend on this one
    const args = at + 8;
    if (op === 1) gemm(args, thread, threads);
    else if (op === 2) elementwise(args, thread, threads);
    else if (op === 3) softmax(args, thread, threads);
    else if (op === 4) reduce(args, thread, threads);
    else if (op === 5) linear(args, thread, threads);
    else if (op === 6) norm(args, thread, threads);
    else if (op === 7) quantize(args, thread, threads);
    else if (op === 8) activate(args, thread, threads);
    else if (op === 9) rope(args, thread, threads);
    else if (op === 10) append(args, thread, threads);
    else if (op === 11) attend(args, thread, threads);
    else if (op === 12) quantizeBytes(args, thread, threads);
    else if (op >= 64) train(op, args, thread, threads);
    at += <usize>load<i32>(at, 4) << 2;
    if (free === 0) barrier(threads, thread);
  }
}

/** Runs the program [program, end) on all threads; the caller is thread 0. */
export function run(program: usize, end: usize, threads: i32): void {
  atomic.store<i32>(PROGRAM, <i32>program);
  atomic.store<i32>(END, <i32>end);
  atomic.store<i32>(THREADS, threads);
  if (threads > 1) {
    atomic.add<i32>(GENERATION, 1);
    atomic.notify(GENERATION, -1);
  }
  walk(0);
}

/** A worker's life: waits for programs until `stop`. */
export function serve(thread: i32): void {
  mayWait = true;
  let seen = 0;
  while (true) {
    let spins = 0;
    while (atomic.load<i32>(GENERATION) === seen) {
      if (++spins > SPINS) atomic.wait<i32>(GENERATION, seen, -1);
    }
    seen++;
    if (atomic.load<i32>(STOP) !== 0) return;
    walk(thread);
  }
}

/** Where the module's own data ends; the heap begins behind it. */
export function dataEnd(): usize {
  return __heap_base;
}

/** Ends every worker's `serve`. */
export function stop(): void {
  atomic.store<i32>(STOP, 1);
  atomic.add<i32>(GENERATION, 1);
  atomic.notify(GENERATION, -1);
}

/**
 * The relaxed dot products of signed by 7-bit values, which an engine may get wrong for negative ones: 1 if it is what the kernels need. The host asks
 * before it trusts the relaxed binary.
 */
export function dotIsRight(x: i32, w: i32): i32 {
  if (!ASC_FEATURE_RELAXED_SIMD) return 1;
  const sums = i32x4.relaxed_dot_i8x16_i7x16_add_s(i8x16.splat(<i8>x), i8x16.splat(<i8>w), i32x4.splat(3));
  const pairs = i16x8.relaxed_dot_i8x16_i7x16_s(i8x16.splat(<i8>x), i8x16.splat(<i8>w));
  if (i16x8.extract_lane_s(pairs, 0) !== 2 * x * w || i16x8.extract_lane_s(pairs, 7) !== 2 * x * w) return 0;
  return i32x4.extract_lane(sums, 0) === 4 * x * w + 3 && i32x4.extract_lane(sums, 3) === 4 * x * w + 3 ? 1 : 0;
}
