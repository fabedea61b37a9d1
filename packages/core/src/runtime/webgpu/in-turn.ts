// One piece of asynchronous work after the other. The first begins at once, within the call.

/** Runs `work` when all that came before is over. */
export type InTurn = <T>(work: () => Promise<T>) => Promise<T>;

/** A queue of work; a failure is its own work's only. */
export function createTurns(): InTurn {
  let running: Promise<void> | undefined;
  return async (work) => {
    while (running !== undefined) await running;
    const mine = work();
    const over = mine
      .then(
        () => {},
        () => {},
      )
      .then(() => {
        running = undefined;
      });
    running = over;
    return mine;
  };
}
