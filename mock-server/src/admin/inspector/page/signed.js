// The lines that should have been signed, beside those that were: what differs, to the character.

/** @import { Part } from './types.d.ts' */

import { h, visible } from './dom.js';
import { say } from './i18n.js';
import { long } from './text.js';

const texts = /** @type {const} */ ({
  title: ['Lines to be signed', '签名串'],
  line: ['Line', '行'],
  should: ['Should be signed', '应签内容'],
  was: ['Was signed', '实签内容'],
  same: ['the same', '相同'],
  after: ['after the first difference', '在第一处差异之后'],
  right: ['The merchant signed exactly these lines.', '商户签名的正是这五行。'],
  otherwise: ['What was signed instead is not known: a signature holds only a digest.', '无法得知实际签名的内容：签名里只有摘要。'],
  how: ['The lines are right; how they were signed is not.', '五行内容没有问题，问题在于签名的方式。'],
  unchecked: ['The signature was not checked.', '没有验签。'],
  none: ['Authorization cannot be read, so there are no lines.', 'Authorization 无法解析，没有可对照的内容。'],
});
/** @type {import('./i18n.js').Text[]} */
const NAMES = [['method', '请求方法'], ['path and query', '路径与查询串'], ['timestamp', '时间戳'], ['nonce', '随机串'], ['body', '请求体']];

/** The mock's escape for a character that can't be seen. */
const ESCAPE = String.raw`\\(?:[nrt]|u\{[0-9a-f]+\})`;

/** @type {Part} */
export function signed({ message, diagnosis, authenticated }) {
  const difference = diagnosis?.difference;
  const text = message?.text ?? message?.base64;
  const unknown = !diagnosis ? texts.unchecked : diagnosis.verdict === 'proven' ? texts.how : texts.otherwise;
  // The fifth line is the whole body.
  const lines = /^(.*\n)(.*\n)(.*\n)(.*\n)([^]*)$/.exec(text ?? '')?.slice(1) ?? [text ?? ''];
  const rows = lines.map((line, index) => {
    const place = index + 1 - (difference?.line ?? 0);
    const [left, right] = difference && !place ? beside(line, difference) : [long(line), say(place < 0 ? texts.same : texts.after)];
    return h(
      'tr',
      { class: difference && !place && 'different' },
      h('th', { scope: 'row' }, `${index + 1} ${say(NAMES[index] ?? ['', ''])}`),
      h('td', { 'data-head': difference && say(texts.should) }, left),
      difference && h('td', { 'data-head': say(texts.was) }, right),
    );
  });
  const heads = [texts.line, texts.should, ...(difference ? [texts.was] : [])].map((head) => h('th', { scope: 'col' }, say(head)));
  return h(
    'section',
    { class: 'card stack' },
    h('h3', null, say(texts.title)),
    !difference && h('p', { class: 'muted' }, say(!message ? texts.none : authenticated ? texts.right : unknown)),
    message && h('table', { class: 'signed' }, h('thead', null, h('tr', null, heads)), h('tbody', null, rows)),
  );
}

/**
 * The right line and the signed one. The mock shows of each what is around the first difference; before it they are the same.
 * @param {string} line
 * @param {{ expected: string, signed: string }} difference
 */
function beside(line, { expected, signed }) {
  const [one = '', other = ''] = [expected, signed].map((text) => text.replace(/^…|…$/g, ''));
  const isCut = /…$/.test(expected + signed);
  const whole = escaped(line.slice(0, 4000));
  const at = whole.indexOf(one);
  const isPlaced = at >= 0 && at === whole.lastIndexOf(one);
  const pres = compared(one, other, isCut);
  pres.forEach((pre) => pre.prepend(...escapes(isPlaced ? whole.slice(0, at) : expected.startsWith('…') ? '…' : '')));
  if (isPlaced) pres[0]?.append(...escapes(whole.slice(at + one.length)));
  if (isCut) pres[1]?.append('…');
  return pres;
}

/**
 * Both texts, with what is not in their longest common subsequence marked.
 * @param {string} one
 * @param {string} other
 * @param {boolean} isCut then what is after the last common character is not known to differ
 */
function compared(one, other, isCut) {
  const [a = [], b = []] = [one, other].map((text) => text.match(new RegExp(`${ESCAPE}|[^]`, 'gu')) ?? []);
  const lengths = [...a, ''].map(() => new Array(b.length + 1).fill(0));
  const at = (/** @type {number} */ i, /** @type {number} */ j) => lengths[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i -= 1) {
    const row = lengths[i] ?? [];
    for (let j = b.length - 1; j >= 0; j -= 1) row[j] = a[i] === b[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  }
  const pres = ['ins', 'del'].map((tag) => ({ tag, pre: h('pre', { class: 'hostile' }) }));
  for (let [i, j] = [0, 0]; i < a.length || j < b.length; ) {
    const isSame = i < a.length && a[i] === b[j];
    const isLeft = isSame || j === b.length || (i < a.length && at(i + 1, j) >= at(i, j + 1));
    const taken = [isLeft && a[i], (isSame || !isLeft) && b[j]];
    pres.forEach(({ tag, pre }, side) => {
      const kind = isSame || (isCut && !at(i, j)) ? 'span' : tag;
      if (taken[side] && pre.lastElementChild?.localName !== kind) pre.append(document.createElement(kind));
      pre.lastElementChild?.append(...escapes(taken[side] || ''));
    });
    i += Number(isLeft);
    j += Number(isSame || !isLeft);
  }
  return pres.map(({ pre }) => pre);
}

/** @param {string} text of the mock's, with escapes */
export function escapes(text) {
  const parts = text.split(new RegExp(`(${ESCAPE})`));
  return parts.flatMap((part, index) => (index % 2 ? [h('span', { class: 'invisible' }, part)] : visible(part)));
}

/** @param {string} text */
function escaped(text) {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) => {
    const code = (character.codePointAt(0) ?? 0).toString(16);
    return { a: '\\n', d: '\\r', 9: '\\t' }[code] ?? `\\u{${code}}`;
  });
}
