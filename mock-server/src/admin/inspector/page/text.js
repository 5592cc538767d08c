// Long texts: formatted, as they are, cut, and shown step by step, so that none stops the page.

import { save } from './api.js';
import { button, h, show, visible } from './dom.js';
import { count, say, size } from './i18n.js';

/** @typedef {import('./types.d.ts').Body} Body */

const texts = /** @type {const} */ ({
  all: ['Show all {n} characters', '显示全部 {n} 个字符'],
  save: ['Save as a file', '保存为文件'],
  rest: ['{n} more characters are only in the file.', '其余 {n} 个字符只能保存为文件查看。'],
  formatted: ['Formatted', '格式化'],
  raw: ['Raw', '原文'],
  form: ['Form of the body', '显示方式'],
  empty: ['empty', '空'],
  cut: ['The journal kept only the beginning; limits.journal_body keeps more.', '请求记录只保留了开头部分；调大 limits.journal_body 可以保留更多。'],
  binary: ['Not UTF-8; shown in Base64.', '不是 UTF-8，以 Base64 显示。'],
});

/** How much is shown at first, and on request; how much is added at a time. In characters. (own choice) */
const FIRST = 4_000;
const MOST = 200_000;
const STEP = 10_000;
/** The most levels of indentation. (own choice) */
const DEEPEST = 20;

/**
 * A text of any length.
 * @param {string} text
 * @param {string} name of the file that it is saved as
 */
export function long(text, name) {
  const pre = h('pre', { class: 'hostile' });
  const parts = h('div', { class: 'stack' }, pre);
  const first = text.slice(0, FIRST);
  pre.append(...visible(first, { lines: true }));
  if (text.length <= FIRST) return parts;
  const more = h('p', { class: 'row' });
  show(
    more,
    button(say(texts.all, { n: count(text.length) }), async () => {
      const left = text.length - MOST;
      show(more, left > 0 && say(texts.rest, { n: count(left) }), toFile);
      for (let at = FIRST; at < Math.min(text.length, MOST) && pre.isConnected; at += STEP) {
        pre.append(...visible(text.slice(at, Math.min(at + STEP, MOST)), { lines: true }));
        await new Promise(requestAnimationFrame);
      }
    }),
    text.length > MOST && button(say(texts.save), () => save(name, text)),
  );
  const toFile = button(say(texts.save), () => save(name, text));
  parts.append(more);
  return parts;
}

/**
 * A body: its size, whether it is cut, formatted if it is JSON, and as it is.
 * @param {Body} content
 * @param {string} name of the file that it is saved as
 */
export function body({ text, base64, length, cut }, name) {
  const raw = text ?? base64 ?? '';
  const pretty = text !== undefined && !cut ? formatted(text) : null;
  const place = h('div');
  /** @type {[import('./i18n.js').Text, string][]} */
  const forms = pretty === null ? [] : [[texts.formatted, pretty], [texts.raw, raw]];
  const buttons = forms.map(([label], index) => button(say(label), () => choose(index)));
  /** @param {number} chosen */
  function choose(chosen) {
    buttons.forEach((one, index) => one.setAttribute('aria-pressed', String(index === chosen)));
    show(place, raw ? long(forms[chosen]?.[1] ?? raw, name) : h('p', { class: 'muted' }, say(texts.empty)));
  }
  choose(0);
  return h(
    'div',
    { class: 'stack' },
    h('div', { class: 'row' }, h('span', { class: 'muted' }, size(length)), forms.length > 0 && h('span', { class: 'row switch', role: 'group', 'aria-label': say(texts.form) }, buttons)),
    base64 !== undefined && h('p', { class: 'muted' }, say(texts.binary)),
    cut && h('p', { class: 'warn' }, say(texts.cut)),
    place,
  );
}

/**
 * JSON with a line for each member, its numbers and escapes as they were sent; null if it is not JSON, or nothing to format.
 * @param {string} text
 */
export function formatted(text) {
  try {
    const value = JSON.parse(text);
    if (value === null || typeof value !== 'object') return null;
  } catch {
    return null;
  }
  let depth = 0;
  const line = () => `\n${'  '.repeat(Math.min(depth, DEEPEST))}`;
  return (text.match(/"[^"\\]*(?:\\.[^"\\]*)*"|[^\s",:[\]{}]+|[,:]|[[{]\s*[\]}]|[[\]{}]/g) ?? [])
    .map((part) => {
      if (part === ',') return `,${line()}`;
      if (part === ':') return ': ';
      if (part === '[' || part === '{') return (depth += 1), part + line();
      if (part === ']' || part === '}') return (depth -= 1), line() + part;
      return part.length > 1 && /^[[{]/.test(part) ? part.replace(/\s/g, '') : part;
    })
    .join('');
}
