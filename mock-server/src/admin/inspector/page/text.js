// Texts: badges, and long ones formatted, as they are, and step by step, so that none stops the page.

/** @import { Body } from './types.d.ts' */

import { save } from './api.js';
import { button, h, show, visible } from './dom.js';
import { count, say, size } from './i18n.js';

const texts = /** @type {const} */ ({
  all: ['Show all {n} characters', '显示全部 {n} 个字符'],
  save: ['Save as a file', '保存为文件'],
  formatted: ['Formatted', '格式化'],
  raw: ['Raw', '原文'],
  unanswered: ['no answer', '无应答'],
  empty: ['empty', '空'],
  cut: ['cut by the journal: limits.journal_body', '请求记录只保留了开头：limits.journal_body'],
  binary: ['not UTF-8, in Base64', '不是 UTF-8，以 Base64 显示'],
});

/** How much is shown at first, at most, and at a time, in characters; and how far it is indented, in levels. (own choice) */
const [FIRST, MOST, STEP, DEEPEST] = [4_000, 100_000, 5_000, 20];

/** @param {'good' | 'bad' | 'warn' | 'info' | ''} kind @param {string} text */
export function badge(kind, text) {
  return h('span', { class: `badge ${kind}`, title: text }, text);
}

/** @param {number | null} status @param {string | null} [code] */
export function statusBadge(status, code) {
  if (status === null) return badge('warn', say(texts.unanswered));
  return badge(status < 300 ? 'good' : status < 400 ? 'info' : 'bad', `${status} ${code ?? ''}`);
}

/** @param {string} text @param {boolean} [isMarked] whether its line ends are marked */
export function long(text, isMarked = true) {
  const pre = h('pre', { class: 'hostile' });
  const more = h('div', { class: 'row' });
  /** @param {number} from @param {number} to */
  function add(from, to) {
    const part = text.slice(from, to);
    const lines = isMarked ? [part] : part.split('\n');
    lines.forEach((line, index) => pre.append(index ? '\n' : '', ...visible(line, { lines: true })));
  }
  async function all() {
    show(more, button(say(texts.save), () => save('body.txt', text)));
    for (let at = FIRST; at < Math.min(text.length, MOST) && pre.isConnected; at += STEP) {
      add(at, at + STEP);
      await new Promise(requestAnimationFrame);
    }
    if (text.length > MOST) pre.append('…');
  }
  add(0, FIRST);
  if (text.length > FIRST) show(more, button(say(texts.all, { n: count(text.length) }), all));
  return h('div', null, pre, more);
}

/** Its size, whether it is cut, formatted if it is JSON, and as it is. @param {Body} body */
export function body({ text, base64, length, cut }) {
  const raw = text ?? base64 ?? '';
  const pretty = cut || raw.length > MOST ? '' : formatted(raw);
  const place = h('div');
  const buttons = [texts.formatted, texts.raw].map((label, index) => button(say(label), () => choose(index)));
  /** @param {number} chosen */
  function choose(chosen) {
    buttons.forEach((one, index) => one.setAttribute('aria-pressed', String(index === chosen)));
    show(place, chosen ? long(raw || say(texts.empty)) : long(pretty, false));
  }
  choose(pretty ? 0 : 1);
  const notes = [cut && texts.cut, base64 !== undefined && texts.binary].map((note) => note && h('span', { class: 'warn' }, say(note)));
  return h('div', null, h('div', { class: 'row switch muted' }, size(length), pretty !== '' && buttons, notes), place);
}

/** JSON with a line for each member, its numbers and escapes as they were sent; '' if it is none. @param {string} text */
function formatted(text) {
  try {
    if (typeof JSON.parse(text) !== 'object') return '';
  } catch {
    return '';
  }
  let depth = 0;
  const line = () => `\n${'  '.repeat(Math.min(depth, DEEPEST))}`;
  return text.replace(/\s*("[^"\\]*(?:\\.[^"\\]*)*"|[[{]\s*[\]}]|[[{\]},:]|[^\s"[{\]},:]+)\s*/g, (_, /** @type {string} */ part) => {
    if (part === ',') return part + line();
    if (part === ':') return ': ';
    if (part === '[' || part === '{') return (depth += 1), part + line();
    if (part === ']' || part === '}') return (depth -= 1), line() + part;
    return part;
  });
}
