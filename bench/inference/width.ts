/** Bits of vectors in ours: `ASHLAR_BENCH_WIDTH=256` asks for the wider ones (Node 24 and later on x64). */
export const width = process.env['ASHLAR_BENCH_WIDTH'] === '256' ? 256 : 128;
