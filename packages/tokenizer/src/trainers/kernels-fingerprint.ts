/** Of the sources in `kernels/`; written by scripts/build-kernels.mjs. */
export const kernelsFingerprint = '8a241e305d8acc1f';
