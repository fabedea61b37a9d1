// The program of the extraction worker: HTML to visible text. What a person would not see, a model does not get: hidden and off-screen elements (by
// attribute, inline style or the page's own style rules), white on white, tiny or transparent text, templates, scripts, comments. What was dropped is
// counted. Readability is tried only on pages that are not nested deeply, since it takes cubic time there.

/** CommonJS source of the worker. */
export const extractSource = String.raw`
const { parentPort, workerData } = require('node:worker_threads');
const { linkedom, readability, html, url, mode, maxChars } = workerData;
const { parseHTML } = require(linkedom);
const run = () => {
  let depth = 0, most = 0;
  for (const m of html.matchAll(/<(\/?)([a-zA-Z][a-zA-Z0-9]*)[^>]*?(\/?)>/g)) {
    if (/^(?:br|img|hr|input|meta|link|area|base|col|embed|source|track|wbr)$/i.test(m[2]) || m[3]) continue;
    depth = m[1] ? Math.max(0, depth - 1) : depth + 1;
    if (depth > most) most = depth;
  }
  if (most > 1500) return { title: '', text: '', links: [], dropped: { 'too deep': 1 } };
  // linkedom takes the first element of a fragment for the root.
  const whole = /<html[\s>]/i.test(html) ? html : '<!doctype html><html>' + (/<body[\s>]/i.test(html) ? html : '<body>' + html + '</body>') + '</html>';
  const { document } = parseHTML(whole);
  const dropped = {};
  const drop = (element, why) => { const t = (element.textContent || '').trim(); if (t !== '') dropped[why] = (dropped[why] || 0) + t.length; element.remove(); };
  const colour = (v) => {
    v = (v || '').trim().toLowerCase();
    const named = { white: '#ffffff', black: '#000000', transparent: 'transparent' };
    if (named[v]) return named[v];
    let m = /^#([0-9a-f])([0-9a-f])([0-9a-f])$/.exec(v); if (m) return '#' + m[1] + m[1] + m[2] + m[2] + m[3] + m[3];
    m = /^rgba?\(\s*(\d+)[\s,]+(\d+)[\s,]+(\d+)(?:[\s,\/]+([\d.]+%?))?\s*\)$/.exec(v);
    if (m) return m[4] !== undefined && parseFloat(m[4]) === 0 ? 'transparent' : '#' + [1, 2, 3].map((i) => Number(m[i]).toString(16).padStart(2, '0')).join('');
    return v;
  };
  const hides = (css) => {
    const d = {};
    for (const part of css.split(';')) { const i = part.indexOf(':'); if (i > 0) d[part.slice(0, i).trim().toLowerCase()] = part.slice(i + 1).replace('!important', '').trim().toLowerCase(); }
    if (d.display === 'none') return 'display:none';
    if (d.visibility === 'hidden' || d.visibility === 'collapse') return 'visibility:hidden';
    if (d.opacity !== undefined && parseFloat(d.opacity) <= 0.05) return 'opacity:0';
    if (d['font-size'] !== undefined && parseFloat(d['font-size']) <= (/(em|rem)$/.test(d['font-size']) ? 0.1 : /%$/.test(d['font-size']) ? 10 : 2) && /^[\d.]/.test(d['font-size'])) return 'tiny text';
    if (d['content-visibility'] === 'hidden') return 'content-visibility';
    if (/^(?:inset|rect\(\s*0)/.test(d.clip || '') || /inset\(\s*(?:50|100)%/.test(d['clip-path'] || '')) return 'clipped';
    if ((d.position === 'absolute' || d.position === 'fixed') && ['left', 'right', 'top', 'bottom'].some((k) => d[k] && /^-\d/.test(d[k]) && parseFloat(d[k]) <= -200)) return 'off-screen';
    if (d['text-indent'] && parseFloat(d['text-indent']) <= -200) return 'off-screen';
    if (/translate[xy3d]*\(\s*-?\d{4,}/.test(d.transform || '') || /scale[xy]?\(\s*0\s*[,)]/.test(d.transform || '')) return 'off-screen';
    if ((d.overflow || '').includes('hidden') && [d.height, d.width, d['max-height'], d['max-width']].some((v) => v !== undefined && parseFloat(v) <= 1 && /^[\d.]/.test(v))) return 'zero size';
    const front = colour(d.color), back = colour(d['background-color'] || d.background);
    if (front === 'transparent') return 'transparent text';
    if (front && back && front === back) return 'text in its background colour';
    if (front === '#ffffff' && !back) return 'white text';
    return '';
  };
  for (const e of [...document.querySelectorAll('script, noscript, template, svg, iframe, object, embed, canvas, dialog:not([open]), head style ~ x, [hidden], [aria-hidden="true"], input[type=hidden], datalist')]) drop(e, 'not shown');
  let rules = 0;
  for (const style of [...document.querySelectorAll('style')]) {
    const css = (style.textContent || '').slice(0, 200000).replace(/\/\*[\s\S]*?\*\//g, '');
    style.remove();
    for (const m of css.matchAll(/([^{}@]+)\{([^{}]*)\}/g)) {
      if (++rules > 3000) break;
      const why = hides(m[2]);
      if (!why) continue;
      let found = [];
      try { found = [...document.querySelectorAll(m[1].trim())]; } catch {}
      for (const e of found) if (!/^(?:html|body)$/i.test(e.tagName)) drop(e, why);
    }
  }
  for (const e of [...document.querySelectorAll('[style]')]) { const why = hides(e.getAttribute('style') || ''); if (why) drop(e, why); }
  for (const e of [...document.querySelectorAll('font[color]')]) if (colour(e.getAttribute('color')) === '#ffffff') drop(e, 'white text');
  const title = (document.querySelector('title')?.textContent || '').trim().slice(0, 300);
  let root = document.body && document.body.childNodes.length > 0 ? document.body : document.documentElement;
  for (const e of [...root.querySelectorAll('title')]) e.remove();
  if (mode === 'article' && readability && most <= 200) {
    try { const { Readability } = require(readability); const article = new Readability(document.cloneNode(true), { maxElemsToParse: 20000 }).parse(); if (article && article.content && article.textContent.trim().length > 200) root = parseHTML('<html><body>' + article.content + '</body></html>').document.body; } catch {}
  }
  const links = [];
  const block = /^(?:p|div|section|article|main|header|footer|aside|nav|ul|ol|table|tr|blockquote|pre|figure|form|h[1-6]|li|dl|dt|dd)$/i;
  let out = '';
  const stack = [[root, 0]];
  // Written out without recursion, so that depth costs nothing.
  while (stack.length > 0 && out.length < maxChars * 2) {
    const [node, phase] = stack.pop();
    if (typeof node === 'string') { out += node; continue; }
    if (node.nodeType === 3) { out += node.textContent.replace(/\s+/g, ' '); continue; }
    if (node.nodeType !== 1) continue;
    const tag = node.tagName.toLowerCase();
    if (tag === 'br') { out += '\n'; continue; }
    if (tag === 'img') continue;
    if (block.test(tag)) out += '\n';
    if (/^h[1-6]$/.test(tag)) out += '#'.repeat(Number(tag[1])) + ' ';
    if (tag === 'li') out += '- ';
    let after = block.test(tag) ? '\n' : tag === 'td' || tag === 'th' ? ' | ' : '';
    if (tag === 'a' && node.getAttribute('href')) {
      try {
        const target = new URL(node.getAttribute('href'), url);
        if ((target.protocol === 'http:' || target.protocol === 'https:') && links.length < 200) { links.push(target.href); after = '[' + links.length + ']' + after; }
      } catch {}
    }
    stack.push([after, 0]);
    for (let i = node.childNodes.length - 1; i >= 0; i--) stack.push([node.childNodes[i], 0]);
  }
  const text = out.replace(/[ \t]+/g, ' ').replace(/ ?\n ?/g, '\n').replace(/\n{3,}/g, '\n\n').trim().slice(0, maxChars);
  return { title, text, links, dropped };
};
parentPort.postMessage(run());
`;
