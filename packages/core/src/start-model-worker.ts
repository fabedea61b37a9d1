// Starts the worker of `loadModel(place, { worker: true })`. It stands beside model-worker.ts in the sources as in what is published, so that the URL is the same.
import { importInNode, inNode } from './backends/peer.ts';
import type { ModelWorker } from './runtime/worker/worker-model.ts';

/** A running worker that waits for its model. */
export async function startModelWorker(): Promise<ModelWorker> {
  let fail: (error: Error) => void = () => {};
  const failed = new Promise<Error>((resolve) => {
    fail = resolve;
  });
  if (inNode()) {
    const { Worker } = (await importInNode('node:worker_threads')) as typeof import('node:worker_threads');
    const worker = import.meta.url.endsWith('.ts')
      ? new Worker(fromSources(besideThis('model-worker.ts')), { eval: true })
      : new Worker(besideThis('model-worker.js'));
    worker.once('error', fail);
    worker.once('exit', (code) => fail(new Error(`worker: expected it to stay, it ended with ${code}`)));
    return {
      failed,
      terminate: () => void worker.terminate(),
      port: {
        post: (message, transfer) => worker.postMessage(message, [...(transfer ?? [])]),
        listen: (onMessage) => void worker.on('message', onMessage),
      },
    };
  }
  const worker = new Worker(new URL('./model-worker.js', import.meta.url), { type: 'module' });
  // A script that cannot be loaded has no message: a bundler that does not follow the line above needs it as an entry of its own.
  const notLoaded =
    "its script could not be loaded: give the bundler @ashlar/core/model-worker as an entry beside the page's";
  worker.addEventListener('error', (event) => fail(new Error(`worker: ${event.message ?? notLoaded}`)));
  return {
    failed,
    terminate: () => worker.terminate(),
    port: {
      post: (message, transfer) => worker.postMessage(message, [...(transfer ?? [])]),
      listen: (onMessage) => worker.addEventListener('message', (event) => onMessage(event.data)),
    },
  };
}

/** Not written as bundlers know it: those for pages would take the file along a second time, for Node. */
const here = import.meta.url;
const besideThis = (name: string): URL => new URL(name, here);

/** In this repository, where TypeScript runs as it is, Node 20 needs tsx's hooks registered inside the worker before the script is imported. */
const fromSources = (script: URL): string => `import('tsx/esm/api')
  .then(({ register }) => register())
  .then(() => import(${JSON.stringify(script.href)}))
  .catch((error) => setImmediate(() => { throw error; }));`;
