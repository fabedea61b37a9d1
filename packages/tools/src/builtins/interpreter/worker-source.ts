// The program of the interpreter's worker. It is text, so that it runs the same from sources and from the built package. Inside: QuickJS in WebAssembly
// with a memory limit, a stack limit and an interrupt; the guest sees `console.log` and the language, nothing of the host. Strings only cross over.

/** CommonJS source of the worker; `workerData` says where the QuickJS packages are. */
export const workerSource = String.raw`
const { parentPort, workerData } = require('node:worker_threads');
const { newQuickJSWASMModuleFromVariant } = require(workerData.core);
let variant = require(workerData.variant);
variant = variant.default ?? variant;
const { code, memoryBytes, outputChars, timeoutMs } = workerData;
(async () => {
  const quickjs = await newQuickJSWASMModuleFromVariant(variant);
  // Nothing of Node is needed any more.
  for (const name of ['fetch', 'process', 'WebSocket', 'Buffer']) { try { delete globalThis[name]; } catch {} }
  const runtime = quickjs.newRuntime();
  runtime.setMemoryLimit(memoryBytes);
  runtime.setMaxStackSize(256 * 1024);
  let deadline = performance.now() + 30000;
  runtime.setInterruptHandler(() => performance.now() > deadline);
  const vm = runtime.newContext();
  let output = '';
  let cut = false;
  const log = vm.newFunction('log', (...args) => {
    if (cut) return;
    const line = args.map((a) => vm.getString(a)).join(' ') + '\n';
    output += line.slice(0, outputChars - output.length);
    cut = output.length >= outputChars;
  });
  vm.setProp(vm.global, '__log', log);
  log.dispose();
  const limit = String(outputChars);
  // Everything is turned into bounded strings inside the guest, under its own limits.
  const prelude = '(() => { const log = globalThis.__log; delete globalThis.__log;' +
    'const slice = Function.prototype.call.bind(String.prototype.slice); const stringify = JSON.stringify; const text = String;' +
    'const show = (v) => { let s; try { s = typeof v === "string" ? v : typeof v === "object" && v !== null ? stringify(v) ?? text(v) : text(v); } catch (e) { s = "[unprintable]"; } return slice(s, 0, ' + limit + '); };' +
    'const console = Object.freeze({ log: (...a) => log(...a.slice(0, 64).map(show)), error: (...a) => log(...a.slice(0, 64).map(show)), warn: (...a) => log(...a.slice(0, 64).map(show)), info: (...a) => log(...a.slice(0, 64).map(show)) });' +
    'Object.defineProperty(globalThis, "console", { value: console }); return show; })()';
  const made = vm.evalCode(prelude);
  const show = vm.unwrapResult(made);
  parentPort.postMessage({ ready: true });
  deadline = performance.now() + timeoutMs;
  let answer;
  const text = (handle) => { const r = vm.callFunction(show, vm.undefined, handle); if (r.error) { r.error.dispose(); return '[unprintable]'; } const s = vm.getString(r.value); r.value.dispose(); return s; };
  const failure = (error) => {
    let name = 'Error', message = '';
    try { const n = vm.getProp(error, 'name'); name = text(n); n.dispose(); const m = vm.getProp(error, 'message'); message = text(m); m.dispose(); } catch {}
    return { ok: false, error: (name + ': ' + message).slice(0, 500) };
  };
  const result = vm.evalCode(code, 'code.js');
  if (result.error) answer = failure(result.error);
  else {
    let value = result.value;
    // Promises: pending jobs run under the same interrupt.
    for (let i = 0; i < 10000 && runtime.hasPendingJob() && performance.now() < deadline; i++) { const r = runtime.executePendingJobs(1); if (r.error) { r.error.dispose(); break; } }
    const state = vm.typeof(value) === 'object' ? vm.getPromiseState(value) : { type: 'fulfilled', notAPromise: true };
    if (state.type === 'pending') answer = { ok: false, error: 'Error: the result is a promise that never settled' };
    else if (state.type === 'rejected') answer = failure(state.error);
    else answer = { ok: true, value: vm.typeof(value) === 'undefined' ? '' : text(state.notAPromise ? value : state.value) };
  }
  if (performance.now() > deadline) answer = { ok: false, error: 'timeout' };
  parentPort.postMessage({ ...answer, output, cut });
})().catch((error) => parentPort.postMessage({ ok: false, error: String(error && error.message || error).slice(0, 300), output: '', cut: false }));
`;
