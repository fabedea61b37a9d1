// One time step of an LSTM (Hochreiter & Schmidhuber 1997, with forget gates) or a GRU (Cho et al. 2014), gates in PyTorch's order and with its
// two biases, so that its checkpoints fit. Of stock tfjs ops, with gradients.
import { add, mul, sigmoid, slice, sub, type Tensor1D, type Tensor2D, tanh } from '@tensorflow/tfjs-core';
import { linear } from '../ops/linear.ts';

/** Kind of recurrent cell. */
export type RnnCell = 'lstm' | 'gru';

/** Weights of one layer: [in, gates * H] and [H, gates * H], and a bias [gates * H] for each. */
export interface RnnCellWeights {
  readonly inputWeight: Tensor2D;
  readonly stateWeight: Tensor2D;
  readonly inputBias: Tensor1D;
  readonly stateBias: Tensor1D;
}

/** A layer's state [B, H]; an LSTM also has its cell. */
export interface RnnState {
  readonly hidden: Tensor2D;
  readonly cell?: Tensor2D;
}

/** Blocks of gates a cell has. */
export const gatesOf: Readonly<Record<RnnCell, number>> = { lstm: 4, gru: 3 };

/** x [B, in] and the state before it -> the state after it. */
export function rnnStep(kind: RnnCell, x: Tensor2D, state: RnnState, weights: RnnCellWeights): RnnState {
  const fromInput = linear(x, weights.inputWeight, weights.inputBias);
  const fromState = linear(state.hidden, weights.stateWeight, weights.stateBias);
  const [batch, size] = state.hidden.shape;
  const gate = (all: Tensor2D, i: number) => slice(all, [0, i * size], [batch, size]);
  if (kind === 'lstm') {
    const all = add(fromInput, fromState) as Tensor2D;
    const [input, forget, candidate, output] = [0, 1, 2, 3].map((i) => gate(all, i));
    const kept = mul(sigmoid(forget), state.cell as Tensor2D);
    const cell = add(kept, mul(sigmoid(input), tanh(candidate))) as Tensor2D;
    return { hidden: mul(sigmoid(output), tanh(cell)) as Tensor2D, cell };
  }
  const reset = sigmoid(add(gate(fromInput, 0), gate(fromState, 0)));
  const update = sigmoid(add(gate(fromInput, 1), gate(fromState, 1)));
  const candidate = tanh(add(gate(fromInput, 2), mul(reset, gate(fromState, 2))));
  // (1 - z) n + z h
  return { hidden: add(candidate, mul(update, sub(state.hidden, candidate))) as Tensor2D };
}
