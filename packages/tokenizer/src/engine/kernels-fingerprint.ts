/** Of the sources in `kernels/`; written by scripts/build-kernels.mjs. */
export const kernelsFingerprint = '7c75d42d8dcee161';
