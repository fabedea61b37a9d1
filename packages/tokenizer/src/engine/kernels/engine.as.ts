// The kernels' exports.
export { placeClasses } from './classes.as';
export { count, encode } from './encode.as';
export { allocate } from './memory.as';
export { openPairs } from './pairs.as';
export { openPieces } from './pieces.as';
export { scan, setSplit } from './scan.as';
