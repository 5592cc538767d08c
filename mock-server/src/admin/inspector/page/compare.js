// Two texts beside each other: which characters differ.

import { h, visible } from './dom.js';

/** @typedef {{ text: string, isSame: boolean }} Part */

/** Longer middles are marked as a whole. (own choice) */
const LONGEST = 400;
/** A character, or the escape that stands for one that can't be seen. */
const ONE = /\\(?:[nrt]|u\{[0-9a-f]+\})|[\s\S]/gu;

/**
 * The parts of both texts, each the same in both or not.
 * @param {string} one
 * @param {string} other
 * @returns {[Part[], Part[]]}
 */
export function compared(one, other) {
  const [a, b] = [one.match(ONE) ?? [], other.match(ONE) ?? []];
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start += 1;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end += 1;
  const middles = [a.slice(start, a.length - end), b.slice(start, b.length - end)];
  const [left, right] = middles;
  const [isLeft, isRight] = common(left ?? [], right ?? []);
  const whole = (/** @type {string[]} */ all, /** @type {boolean[]} */ inner) =>
    joined(all.map((text, at) => ({ text, isSame: at < start || at >= all.length - end || Boolean(inner[at - start]) })));
  return [whole(a, isLeft), whole(b, isRight)];
}

/**
 * Which of both are in their longest common subsequence.
 * @param {string[]} a
 * @param {string[]} b
 * @returns {[boolean[], boolean[]]}
 */
function common(a, b) {
  if (a.length * b.length > LONGEST * LONGEST) return [[], []];
  const width = b.length + 1;
  const lengths = new Uint16Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      const [below, right, across] = [lengths[(i + 1) * width + j] ?? 0, lengths[i * width + j + 1] ?? 0, lengths[(i + 1) * width + j + 1] ?? 0];
      lengths[i * width + j] = a[i] === b[j] ? across + 1 : Math.max(below, right);
    }
  }
  /** @type {[boolean[], boolean[]]} */
  const found = [[], []];
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      found[0][i] = found[1][j] = true;
      i += 1;
      j += 1;
    } else if ((lengths[(i + 1) * width + j] ?? 0) >= (lengths[i * width + j + 1] ?? 0)) i += 1;
    else j += 1;
  }
  return found;
}

/** @param {Part[]} parts */
function joined(parts) {
  /** @type {Part[]} */
  const all = [];
  for (const { text, isSame } of parts) {
    const before = all.at(-1);
    if (before?.isSame === isSame) before.text += text;
    else all.push({ text, isSame });
  }
  return all;
}

/**
 * The parts with what differs marked, and escapes as marks of what can't be seen.
 * @param {Part[]} parts
 * @param {'ins' | 'del'} tag
 */
export function marked(parts, tag) {
  return parts.map(({ text, isSame }) => (isSame ? h('span', null, escapes(text)) : h(tag, { class: 'differs' }, escapes(text))));
}

/** @param {string} text with `\n` or `\u{feff}` for what can't be seen */
export function escapes(text) {
  return text.split(/(\\(?:[nrt]|u\{[0-9a-f]+\}))/).flatMap((part, index) => (index % 2 ? [h('span', { class: 'invisible' }, part)] : visible(part)));
}

/**
 * The text as the mock's diagnosis writes it: with escapes for what can't be seen.
 * @param {string} text
 */
export function escaped(text) {
  return text.replace(/[\p{Cc}\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
  });
}
