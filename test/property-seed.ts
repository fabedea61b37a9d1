// The draws of every property: one seed for all, so that a commit's tests end the same way wherever they run. `ASHLAR_SEED=random` draws another each time
// (new draws find new faults) and a number repeats a run; what fails prints its own seed and path as well.
import fc from 'fast-check';

const given = process.env['ASHLAR_SEED'];
const seed = given === undefined ? 20261128 : given === 'random' ? Date.now() & 0x7fffffff : Number(given);
if (!Number.isInteger(seed))
  throw new RangeError(`ASHLAR_SEED: expected an integer or "random", got "${given}"`);
if (given === 'random') console.info(`ASHLAR_SEED=${seed}`);
fc.configureGlobal({ seed });
