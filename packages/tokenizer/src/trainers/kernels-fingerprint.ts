/** Of the sources in `kernels/`; written by scripts/build-kernels.mjs. */
export const kernelsFingerprint = '236aaf1287ea1a2a';
