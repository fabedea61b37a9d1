/** The package's name, for messages. */
export const packageName = '@ashlar/core';
