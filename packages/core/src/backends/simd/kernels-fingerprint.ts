/** Of the sources in `kernels/`; written by scripts/build-kernels.mjs. */
export const kernelsFingerprint = '8983851b6f8ee296';
