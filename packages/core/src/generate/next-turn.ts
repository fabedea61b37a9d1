// A turn of the event loop between steps, so that timers, input and I/O of the host go on while a model writes. setTimeout would
// cost 1-4 ms a token, requestAnimationFrame stops in hidden tabs.

/** Resolves after pending events have had their turn. */
export function nextTurn(): Promise<void> {
  const { setImmediate } = globalThis as { setImmediate?: (done: () => void) => unknown };
  if (setImmediate !== undefined) return new Promise((resolve) => void setImmediate(resolve));
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(undefined);
  });
}
