// out = f(a, b) over up to four collapsed dimensions [d0, d1, d2, inner]; each operand has a stride for each, 0 where it is broadcast (the inner stride is
// 0 or 1). The threads split the rows, or the inner axis when there are too few rows.
import { exp4, log4, share, sigmoid4, tanh4 } from './math.as';

const ADD = 0, SUB = 1, MUL = 2, DIV = 3, MAX = 4, MIN = 5, SQUARED_DIFFERENCE = 6;
const NEG = 16, EXP = 17, LOG = 18, SIGMOID = 19, TANH = 20, RELU = 21, SQRT = 22, RSQRT = 23, SQUARE = 24, RECIPROCAL = 25, ABS = 26, COPY = 27;

/** args: kind, a, b, out, d0, d1, d2, inner, strides of a (4), strides of b (4), in elements. */
export function elementwise(args: usize, thread: i32, threads: i32): void {
  const kind = load<i32>(args);
  const rows = load<i32>(args, 16) * load<i32>(args, 20) * load<i32>(args, 24), inner = load<i32>(args, 28);
  let r0 = 0, r1 = rows, i0 = 0, i1 = inner;
  if (rows >= 2 * threads) {
    r0 = share(rows, 1, thread, threads);
    r1 = share(rows, 1, thread + 1, threads);
  } else {
    i0 = share(inner, 4, thread, threads);
    i1 = share(inner, 4, thread + 1, threads);
  }
  // One loop a kind: the switch stays outside of it.
  if (kind === ADD) each<Add>(args, r0, r1, i0, i1);
  else if (kind === SUB) each<Sub>(args, r0, r1, i0, i1);
  else if (kind === MUL) each<Mul>(args, r0, r1, i0, i1);
  else if (kind === DIV) each<Div>(args, r0, r1, i0, i1);
  else if (kind === MAX) each<Max>(args, r0, r1, i0, i1);
  else if (kind === MIN) each<Min>(args, r0, r1, i0, i1);
  else if (kind === SQUARED_DIFFERENCE) each<SquaredDifference>(args, r0, r1, i0, i1);
  else if (kind === NEG) each<Neg>(args, r0, r1, i0, i1);
  else if (kind === EXP) each<Exp>(args, r0, r1, i0, i1);
  else if (kind === LOG) each<Log>(args, r0, r1, i0, i1);
  else if (kind === SIGMOID) each<Sigmoid>(args, r0, r1, i0, i1);
  else if (kind === TANH) each<Tanh>(args, r0, r1, i0, i1);
  else if (kind === RELU) each<Relu>(args, r0, r1, i0, i1);
  else if (kind === SQRT) each<Sqrt>(args, r0, r1, i0, i1);
  else if (kind === RSQRT) each<Rsqrt>(args, r0, r1, i0, i1);
  else if (kind === SQUARE) each<Square>(args, r0, r1, i0, i1);
  else if (kind === RECIPROCAL) each<Reciprocal>(args, r0, r1, i0, i1);
  else if (kind === ABS) each<Abs>(args, r0, r1, i0, i1);
  else if (kind === COPY) each<Copy>(args, r0, r1, i0, i1);
}

function each<T>(args: usize, r0: i32, r1: i32, i0: i32, i1: i32): void {
  const a = <usize>load<i32>(args, 4), b = <usize>load<i32>(args, 8), out = <usize>load<i32>(args, 12);
  const d1 = load<i32>(args, 20), d2 = load<i32>(args, 24), inner = load<i32>(args, 28);
  const a0 = load<i32>(args, 32), a1 = load<i32>(args, 36), a2 = load<i32>(args, 40), ia = load<i32>(args, 44);
  const b0 = load<i32>(args, 48), b1 = load<i32>(args, 52), b2 = load<i32>(args, 56), ib = load<i32>(args, 60);
  for (let r = r0; r < r1; r++) {
    const q = r / d2, x2 = r - q * d2, x0 = q / d1, x1 = q - x0 * d1;
    const rowA = a + (<usize>(x0 * a0 + x1 * a1 + x2 * a2) << 2), rowB = b + (<usize>(x0 * b0 + x1 * b1 + x2 * b2) << 2);
    const rowO = out + ((<usize>r * <usize>inner) << 2);
    let i = i0;
    for (; i + 4 <= i1; i += 4) {
      const at = <usize>i << 2;
      const x = ia === 0 ? v128.load32_splat(rowA) : v128.load(rowA + at);
      const y = ib === 0 ? v128.load32_splat(rowB) : v128.load(rowB + at);
      v128.store(rowO + at, apply<T>(x, y));
    }
    for (; i < i1; i++) {
      const at = <usize>i << 2;
      const x = v128.load32_splat(ia === 0 ? rowA : rowA + at);
      const y = v128.load32_splat(ib === 0 ? rowB : rowB + at);
      store<f32>(rowO + at, f32x4.extract_lane(apply<T>(x, y), 0));
    }
  }
}

class Add {} class Sub {} class Mul {} class Div {} class Max {} class Min {} class SquaredDifference {}
class Neg {} class Exp {} class Log {} class Sigmoid {} class Tanh {} class Relu {} class Sqrt {} class Rsqrt {} class Square {} class Reciprocal {} class Abs {} class Copy {}

// @ts-ignore: decorator
@inline
function apply<T>(x: v128, y: v128): v128 {
  if (idof<T>() === idof<Add>()) return f32x4.add(x, y);
  if (idof<T>() === idof<Sub>()) return f32x4.sub(x, y);
  if (idof<T>() === idof<Mul>()) return f32x4.mul(x, y);
  if (idof<T>() === idof<Div>()) return f32x4.div(x, y);
  if (idof<T>() === idof<Max>()) return f32x4.max(x, y);
  if (idof<T>() === idof<Min>()) return f32x4.min(x, y);
  if (idof<T>() === idof<SquaredDifference>()) { const d = f32x4.sub(x, y); return f32x4.mul(d, d); }
  if (idof<T>() === idof<Neg>()) return f32x4.neg(x);
  if (idof<T>() === idof<Exp>()) return exp4(x);
  if (idof<T>() === idof<Log>()) return log4(x);
  if (idof<T>() === idof<Sigmoid>()) return sigmoid4(x);
  if (idof<T>() === idof<Tanh>()) return tanh4(x);
  if (idof<T>() === idof<Relu>()) return f32x4.max(x, f32x4.splat(0));
  if (idof<T>() === idof<Sqrt>()) return f32x4.sqrt(x);
  if (idof<T>() === idof<Rsqrt>()) return f32x4.div(f32x4.splat(1), f32x4.sqrt(x));
  if (idof<T>() === idof<Square>()) return f32x4.mul(x, x);
  if (idof<T>() === idof<Reciprocal>()) return f32x4.div(f32x4.splat(1), x);
  if (idof<T>() === idof<Abs>()) return f32x4.abs(x);
  return x;
}
