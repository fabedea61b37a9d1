import { describe, expect, it } from 'vitest';
import { runJavascript } from './run-javascript.ts';

// Each must end within its deadline plus the start of a worker, and none may reach the host.
const hostile: readonly (readonly [string, string])[] = [
  ['loop', 'for(;;){}'],
  ['while in a function', '(function f(){ while(true){} })()'],
  ['recursion', '(function f(){ return f() + 1 })()'],
  ['native join', 'const a = Array(2**22).fill("xxxxxxxx"); a.join("y".repeat(1000)).length'],
  [
    'native sort',
    'Array.from({length: 2**22}, (_, i) => (i * 7919) % 1000003).sort((a, b) => { for (let i = 0; i < 1e9; i++); return a - b })',
  ],
  ['regex', '/^(a+)+$/.test("a".repeat(40) + "b")'],
  ['memory by strings', 'let s = "x"; for(;;) s += s'],
  ['memory by arrays', 'const l = []; for(;;) l.push(new Array(1e6).fill(1))'],
  ['typed array', 'new Uint8Array(2**31)'],
  ['deep JSON', 'JSON.parse("[".repeat(1e6) + "]".repeat(1e6))'],
  ['proxy', 'const p = new Proxy({}, { get() { return p }, ownKeys() { for(;;); } }); Object.keys(p)'],
  ['getter in the result', '({ get x() { for(;;); } })'],
  ['toString of the result', '({ toString() { for(;;); }, toJSON() { for(;;); } })'],
  ['promise flood', '(async () => { for(;;) await null })()'],
  ['never settling', 'new Promise(() => {})'],
  ['microtask chain', 'const f = () => Promise.resolve().then(f); f(); 1'],
  ['generator', '[...(function*(){ for(;;) yield 1 })()]'],
  ['throwing getter error', 'throw { get name() { for(;;); }, get message() { for(;;); } }'],
  ['bigint', '2n ** (2n ** 40n)'],
  ['eval chain', 'eval("for(;;){}")'],
  ['Function constructor', 'Function("for(;;){}")()'],
];

// Where the answer matters and not the clock.
const patiently = (code: string) => runJavascript(code, { timeoutMs: 20_000 });

describe('hostile scripts', () => {
  for (const [name, code] of hostile)
    it(`end in time: ${name}`, async () => {
      const result = await runJavascript(code, { timeoutMs: 300, memoryBytes: 16 * 1024 * 1024 });
      // Regular expressions and chains may end by themselves; everything else must be an error.
      if (!['regex', 'microtask chain', 'getter in the result', 'toString of the result'].includes(name))
        expect(result.ok, JSON.stringify(result)).toBe(false);
    });
  it('flood the output in vain', async () => {
    const result = await runJavascript(
      'for (let i = 0; i < 1e5; i++) console.log("x".repeat(100)); "y".repeat(1e6)',
      { outputChars: 1000, timeoutMs: 15000 },
    );
    expect(result.output.length).toBeLessThanOrEqual(1000);
    expect(result.cut).toBe(true);
    expect(result.value?.length).toBe(1000);
  });
  it('find nothing of the host', async () => {
    const probe = `[typeof require, typeof process, typeof fetch, typeof XMLHttpRequest, typeof WebAssembly, typeof setTimeout, typeof importScripts, typeof navigator, typeof __log,
      typeof globalThis.constructor.constructor("return typeof process")(), (() => { try { return console.log.constructor("return typeof process")() } catch { return 'undefined' } })(),
      Object.getOwnPropertyNames(globalThis).filter((n) => /node|worker|parent|host|wasm/i.test(n)).length].join()`;
    const result = await patiently(probe);
    expect(result.value).toMatch(
      /^(undefined,){8}undefined,undefined,undefined,0$|^(undefined,){8}undefined,string,undefined,0$/,
    );
    for (const code of [
      'import("node:fs")',
      'import fs from "fs"; 1',
      'require("fs")',
      'process.exit(0)',
      'fetch("http://localhost")',
    ])
      expect((await patiently(code)).ok, code).toBe(false);
  });
  it('cannot reach the next run', async () => {
    await patiently('globalThis.leak = 1; Array.prototype.map = () => "owned"; Object.prototype.evil = 1');
    expect((await patiently('[typeof leak, [1].map((x) => x + 1)[0], ({}).evil].join()')).value).toBe(
      'undefined,2,',
    );
  });
});

describe('ordinary scripts', () => {
  it('compute, print and fail with a message', async () => {
    expect(await patiently('console.log("a", {b: 1}); [1,2,3].reduce((a, b) => a + b)')).toMatchObject({
      ok: true,
      value: '6',
      output: 'a {"b":1}\n',
    });
    expect(await patiently('(async () => (await Promise.all([1, 2])).length)()')).toMatchObject({
      ok: true,
      value: '2',
    });
    expect(await patiently('null.x')).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^TypeError: /),
    });
    expect(await patiently('let x = ;')).toMatchObject({
      ok: false,
      error: expect.stringMatching(/^SyntaxError: /),
    });
  });
  it('stop on an abort', async () => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 50);
    expect(await runJavascript('for(;;){}', { timeoutMs: 5000, signal: controller.signal })).toMatchObject({
      ok: false,
      error: 'stopped',
    });
  });
});
