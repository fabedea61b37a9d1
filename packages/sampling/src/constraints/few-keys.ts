/** So many keys, and fewer, are few: each is told from the others. */
export const fewKeys = 64;
