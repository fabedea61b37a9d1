// The regions of training, those that grow great first.

export const TIMES = 0;
export const PLACES = 1;
export const OCCURRENCES = 2;
export const RECORDS = 3;
export const COUNTS = 4;
export const SCRATCH = 5;
export const HEAP = 6;
export const SEEN = 7;
export const TOKENS = 8;
export const TEXTS = 9;
export const TABLE = 10;
