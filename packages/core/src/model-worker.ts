// The script of a worker that holds a model (`loadModel(place, { worker: true })`): it serves whoever started it. Nothing else imports it. It awaits nothing at the top, since bundlers that make
// classic scripts of workers (Vite's default) refuse that; in Node messages wait in the port until somebody listens.
import { importInNode, inNode } from './backends/peer.ts';
import { serveModel } from './runtime/worker/serve-model.ts';

async function serveInNode(): Promise<void> {
  const { parentPort } = (await importInNode('node:worker_threads')) as typeof import('node:worker_threads');
  if (parentPort === null) throw new TypeError('model-worker: expected to run in a worker');
  serveModel({
    post: (message, transfer) => parentPort.postMessage(message, [...(transfer ?? [])]),
    listen: (onMessage) => void parentPort.on('message', onMessage),
  });
}

function serveInPage(): void {
  const scope = globalThis as unknown as Pick<Worker, 'postMessage' | 'addEventListener'>;
  serveModel({
    post: (message, transfer) => scope.postMessage(message, [...(transfer ?? [])]),
    listen: (onMessage) =>
      scope.addEventListener('message', ((event: MessageEvent) => onMessage(event.data)) as EventListener),
  });
}

if (inNode()) void serveInNode();
else serveInPage();
