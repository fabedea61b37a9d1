/** Of the sources in `kernels/`; written by scripts/build-kernels.mjs. */
export const kernelsFingerprint = '20b7ca48cbaf75d9';
