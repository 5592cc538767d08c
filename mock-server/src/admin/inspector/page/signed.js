// The lines that should have been signed, beside those that were: what differs, to the character.

/** @import { Part } from './types.d.ts' */

import { h, visible } from './dom.js';
import { say } from './i18n.js';
import { long } from './text.js';

const texts = /** @type {const} */ ({
  title: ['Lines to be signed', '待签名串'],
  line: ['Line', '行'],
  should: ['Should be signed', '应签内容'],
  was: ['Was signed', '实签内容'],
  same: ['the same', '相同'],
  after: ['after the first difference', '在第一处差异之后'],
  right: ['The merchant signed exactly these lines.', '商户签名的正是这五行。'],
  otherwise: ['What was signed instead is not known: the signature holds only its digest.', '无法得知实际签名的内容：签名里只有它的摘要。'],
  how: ['The lines are right; how they were signed is not.', '五行内容没有问题，问题在于签名的方式。'],
  unchecked: ['The signature was not checked.', '没有检查到签名。'],
  none: ['Authorization cannot be read, so there are no lines.', 'Authorization 无法解析，没有可对照的内容。'],
});
/** @type {import('./i18n.js').Text[]} */
const NAMES = [['method', '请求方法'], ['path and query', '路径与查询串'], ['timestamp', '时间戳'], ['nonce', '随机串'], ['body', '请求体']];

/** A character, or the escape for one that can't be seen. */
const ONE = /\\(?:[nrt]|u\{[0-9a-f]+\})|[\s\S]/gu;

/** @type {Part} */
export function signed({ message, diagnosis, authenticated }) {
  const difference = diagnosis?.difference;
  const { text = message?.base64 } = message ?? {};
  const note = text === undefined ? texts.none : authenticated ? texts.right : !diagnosis ? texts.unchecked : diagnosis.verdict === 'proven' ? texts.how : texts.otherwise;
  // The fifth line is the whole body.
  const lines = /^([^\n]*\n)([^\n]*\n)([^\n]*\n)([^\n]*\n)(.*)$/s.exec(text ?? '')?.slice(1) ?? (text ? [text] : []);
  const rows = lines.map((line, index) => {
    const place = index + 1 - (difference?.line ?? Infinity);
    const [left, right] = difference && place === 0 ? beside(line, difference) : [long(line), say(place < 0 ? texts.same : texts.after)];
    return h(
      'tr',
      { class: place === 0 && 'different' },
      h('th', { scope: 'row' }, `${index + 1} ${say(NAMES[index] ?? NAMES[4] ?? ['', ''])}`),
      h('td', { 'data-head': difference && say(texts.should) }, left),
      difference && h('td', { class: place !== 0 && 'muted', 'data-head': say(texts.was) }, right),
    );
  });
  const heads = [texts.line, texts.should, ...(difference ? [texts.was] : [])];
  return h(
    'section',
    { class: 'card stack' },
    h('h3', null, say(texts.title)),
    !difference && h('p', { class: 'muted' }, say(note)),
    rows.length > 0 &&
      h('table', { class: 'signed' }, h('thead', null, h('tr', null, heads.map((head) => h('th', { scope: 'col' }, say(head))))), h('tbody', null, rows)),
  );
}

/**
 * The right line and the signed one. The mock shows of each what is around the first difference; before it they are the same.
 * @param {string} line
 * @param {{ expected: string, signed: string }} difference
 */
function beside(line, { expected, signed }) {
  const [one = '', other = ''] = [expected, signed].map((text) => text.replace(/^…/, '').replace(/…$/, ''));
  const whole = escaped(line.slice(0, 4000));
  const at = whole.indexOf(one);
  const isPlaced = at >= 0 && at === whole.lastIndexOf(one);
  const before = isPlaced ? whole.slice(0, at) : expected.startsWith('…') ? '…' : '';
  const isCut = /…$/.test(expected) || /…$/.test(signed);
  const after = [isPlaced ? whole.slice(at + one.length) : isCut && '…', isCut && '…'].map((text) => text || '');
  return compared(one, other, isCut).map((parts, index) => {
    const marked = parts.map(([text, isSame]) => h(isSame ? 'span' : index ? 'del' : 'ins', null, escapes(text)));
    return h('pre', { class: 'hostile' }, escapes(before), marked, escapes(after[index] ?? ''));
  });
}

/**
 * The parts of both texts, and whether each is in both: in their longest common subsequence.
 * @param {string} one
 * @param {string} other
 * @param {boolean} isCut then what is after the last common part is not known to differ
 */
function compared(one, other, isCut) {
  const [a = [], b = []] = [one, other].map((text) => text.match(ONE) ?? []);
  const lengths = [...a, ''].map(() => new Array(b.length + 1).fill(0));
  const at = (/** @type {number} */ i, /** @type {number} */ j) => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) (lengths[i] ?? [])[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  /** @type {[text: string, isSame: boolean][][]} */
  const parts = [[], []];
  let [i, j] = [0, 0];
  while (i < a.length || j < b.length) {
    const isSame = i < a.length && a[i] === b[j];
    const isEnd = isCut && at(i, j) === 0;
    const isLeft = isSame || j >= b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1));
    if (isLeft) parts[0]?.push([a[i] ?? '', isSame || isEnd]);
    if (isSame || !isLeft) parts[1]?.push([b[j] ?? '', isSame || isEnd]);
    i += Number(isLeft);
    j += Number(isSame || !isLeft);
  }
  return parts.map(joined);
}

/** @param {[text: string, isSame: boolean][]} parts */
function joined(parts) {
  /** @type {typeof parts} */
  const all = [];
  for (const [text, isSame] of parts) {
    const before = all.at(-1);
    if (before?.[1] === isSame) before[0] += text;
    else all.push([text, isSame]);
  }
  return all;
}

/** @param {string} text of the mock, with `\n` or `\u{feff}` for what can't be seen */
export function escapes(text) {
  return text.split(/(\\(?:[nrt]|u\{[0-9a-f]+\}))/).flatMap((part, index) => (index % 2 ? [h('span', { class: 'invisible' }, part)] : visible(part)));
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return { a: '\\n', d: '\\r', 9: '\\t' }[code] ?? `\\u{${code}}`;
  });
}
