/** The same ids for every contestant. */
export const prompt = (count: number): number[] =>
  Array.from({ length: count }, (_, i) => 1000 + ((i * 7919) % 20000));
