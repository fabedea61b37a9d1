// The kernels' exports.
export { placeClasses } from './classes.as';
export { allocate, reach, scratch } from './memory.as';
export { scan, setSplit } from './scan.as';
