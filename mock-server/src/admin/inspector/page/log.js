// What went in and out, oldest first: from the journal, and as it happens. Bounded, however long the page stays open.

/** @import { AttemptLine, Entry, Summary } from './types.d.ts' */

import { call } from './api.js';
import { on } from './events.js';

/** The most entries that the page keeps: as many as a journal has by default. (own choice) */
const MOST = 10_000;

/** @type {Entry[]} */
let entries = [];
let order = 0;
/** The last numbers that are known. */
let last = { in: 0, out: 0 };
let isListening = false;
/** @type {Promise<void> | null} */
let loading = null;
/** @type {(() => void)[]} What happens while the journal is read. */
let waiting = [];
/** @type {(added: Entry[] | null) => void} */
let tell = () => {};

export const everything = () => entries;

/** @param {typeof tell} hear is told what is added, or `null` when all begins anew */
export function follow(hear) {
  tell = hear;
}

/** Reads what is not yet known, and listens from then on. @returns {Promise<void>} */
export function load() {
  if (!isListening) {
    isListening = true;
    on('exchanges', ({ exchanges, skipped }) => later(() => take('in', exchanges.map(ofExchange), skipped)));
    on('attempts', ({ attempts, skipped }) => later(() => take('out', attempts.map(ofAttempt), skipped)));
    on('cleared', () => void startOver().catch(() => {}));
    on('restarted', () => void startOver().catch(() => {}));
    // Between what was read and the beginning of the stream something may have happened.
    on('standing', (now) => void (now === 'live' && load().catch(() => {})));
  }
  if (loading) return loading;
  const mine = (loading = read().finally(() => {
    if (loading !== mine) return;
    loading = null;
    for (const act of waiting.splice(0)) act();
  }));
  return mine;
}

/** Forgets everything, and reads the journal again. */
export function startOver() {
  entries = [];
  last = { in: 0, out: 0 };
  loading = null;
  waiting = [];
  tell(null);
  return load();
}

async function read() {
  const from = last;
  const newest = await call('GET', 'exchanges?order=newest&limit=1');
  let after = Math.max(from.in, newest.last - MOST);
  /** @type {Entry[]} */
  const exchanges = [];
  for (let hasMore = true; hasMore && exchanges.length < MOST; ) {
    const page = await call('GET', `exchanges?limit=1000&after=${after}`);
    exchanges.push(...page.exchanges.map(ofExchange));
    after = page.last;
    hasMore = page.has_more;
  }
  const out = await call('GET', `callback-attempts?after=${from.out}`);
  // All began anew meanwhile.
  if (last !== from) return;
  last = { in: after, out: out.last };
  add(merged(exchanges, out.attempts.map(ofAttempt)));
}

/** @param {() => void} act */
function later(act) {
  if (loading) waiting.push(act);
  else act();
}

/**
 * Adds what is new of these, after a mark for what is missing before them.
 * @param {'in' | 'out'} way
 * @param {Entry[]} some
 * @param {number} skipped
 */
function take(way, some, skipped) {
  const fresh = some.filter(({ number }) => number > last[way]);
  const missing = fresh[0] ? Math.min(skipped, fresh[0].number - last[way] - 1) : 0;
  last[way] = fresh.at(-1)?.number ?? last[way];
  if (missing > 0) fresh.unshift(gap(missing));
  if (fresh.length) add(fresh);
}

/** @param {Entry[]} added */
function add(added) {
  for (const entry of added) {
    entry.order = order += 1;
    entries.push(entry);
  }
  entries.splice(0, entries.length - MOST);
  tell(added);
}

/** Both in the order of the mock's clock, each in the order of its numbers. @param {Entry[]} one @param {Entry[]} other */
function merged(one, other) {
  const rest = other.toReversed();
  /** @type {Entry[]} */
  const all = [];
  for (const entry of one) {
    while ((rest.at(-1)?.at ?? Infinity) < entry.at) all.push(...rest.splice(-1));
    all.push(entry);
  }
  return all.concat(rest.reverse());
}

/** @param {Summary} summary @returns {Entry} */
function ofExchange({ line: _, authenticated: __, serial_no: key, ...summary }) {
  return { way: 'in', order, key, ...summary };
}

/** @param {AttemptLine} attempt @returns {Entry} */
function ofAttempt({ number, callback, at, event_type: operation, merchant, status, line }) {
  const [, fault] = /[:;] fault ([a-z-]+)(?=;| \|)/.exec(line) ?? [];
  const [, target = ''] = / \| POST (.*)$/s.exec(line) ?? [];
  return { way: 'out', order, number, callback, at, method: 'POST', target, operation, merchant, status, fault };
}

/** @param {number} number @returns {Entry} */
export function gap(number) {
  return { way: 'gap', order, number, at: 0, method: '', target: '', operation: null, merchant: null, status: null };
}
