import { readdirSync, readFileSync } from 'node:fs';
// @ts-expect-error
import { Template } from '/tmp/bj/node_modules/@huggingface/jinja/dist/index.js';
import { compileChatTemplate } from './chat-template/index.ts';

const dir = '/work/shared/goldens/chat/';
const jobs: any[] = [];
for (const n of readdirSync(dir)) {
  const src = readFileSync(dir + n + '/template.jinja', 'utf8');
  for (const l of readFileSync(dir + n + '/cases.jsonl', 'utf8').split('\n')) {
    if (!l) continue;
    const c = JSON.parse(l);
    if (c.error) continue;
    jobs.push({ src, c });
  }
}
const peers: any[] = [];
let bothOk = 0;
for (const j of jobs) {
  try {
    j.p = new Template(j.src);
    const t = j.p.render({
      messages: j.c.messages,
      tools: j.c.tools ?? null,
      documents: null,
      add_generation_prompt: j.c.addGenerationPrompt,
      ...j.c.variables,
    });
    j.ok = t === j.c.text;
  } catch {
    j.ok = false;
  }
  j.o = compileChatTemplate(j.src);
  if (j.ok) bothOk++;
}
const use = jobs.filter((j) => j.ok);
console.log('jobs', jobs.length, 'peer exact', bothOk);
function ours() {
  let n = 0;
  for (const j of use)
    n += j.o.render(j.c.messages, {
      tools: j.c.tools ?? null,
      addGenerationPrompt: j.c.addGenerationPrompt,
      variables: j.c.variables,
    }).text.length;
  return n;
}
function peer() {
  let n = 0;
  for (const j of use)
    n += j.p.render({
      messages: j.c.messages,
      tools: j.c.tools ?? null,
      documents: null,
      add_generation_prompt: j.c.addGenerationPrompt,
      ...j.c.variables,
    }).length;
  return n;
}
function oursC() {
  let n = 0;
  for (const j of use) n += compileChatTemplate(j.src).literals.length;
  return n;
}
function peerC() {
  let n = 0;
  for (const j of use) n += new Template(j.src).parsed.body.length;
  return n;
}
const time = (f: any, k: number) => {
  const t = performance.now();
  for (let i = 0; i < k; i++) f();
  return ((performance.now() - t) / k / use.length) * 1000;
};
for (const f of [ours, peer, oursC, peerC]) time(f, 5);
const r: Record<string, number[]> = {};
for (let i = 0; i < 7; i++)
  for (const [n, f, k] of [
    ['ours', ours, 20],
    ['peer', peer, 20],
    ['oursC', oursC, 4],
    ['peerC', peerC, 4],
  ] as any)
    (r[n] ??= []).push(time(f, k));
for (const [n, v] of Object.entries(r))
  console.log(n, v.sort((a, b) => a - b)[3].toFixed(1), 'us median per case');
// long chat
const src = readFileSync('/work/shared/data/templates/jinja/Qwen-Qwen2.5-7B-Instruct.jinja', 'utf8');
const o = compileChatTemplate(src),
  p = new Template(src);
const msgs = Array.from({ length: 400 }, (_, i) => ({
  role: i % 2 ? 'assistant' : 'user',
  content: 'Some words of a message, number ' + i + '. '.repeat(20),
}));
for (const [n, f] of [
  ['ours400', () => o.render(msgs).text.length],
  ['peer400', () => p.render({ messages: msgs, tools: null }).length],
] as any) {
  for (let i = 0; i < 20; i++) f();
  const t = performance.now();
  for (let i = 0; i < 50; i++) f();
  console.log(n, ((performance.now() - t) / 50).toFixed(2), 'ms');
}
