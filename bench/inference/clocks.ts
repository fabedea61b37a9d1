/** Seconds by some clock. */
export type Clock = () => number;

/** The time of day's. */
export const wallClock: Clock = () => performance.now() / 1000;

/** What all threads of this process have computed. */
export const cpuClock: Clock = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};
