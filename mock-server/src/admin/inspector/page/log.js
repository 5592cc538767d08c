// What went in and out, oldest first: from the journal, and as it happens. Bounded, however long the page stays open.

import { call } from './api.js';
import { currentStanding, on } from './events.js';

/** @typedef {import('./types.d.ts').Summary} Summary */
/** @typedef {import('./types.d.ts').AttemptLine} AttemptLine */
/**
 * An exchange (`in`), an attempt to deliver a callback (`out`), or how many of them are missing here (`gap`).
 * @typedef {{ way: 'in' | 'out' | 'gap', order: number, number: number, callback: number, at: number, method: string, target: string,
 *   operation: string | null, merchant: string | null, key: string | null, status: number | null, code: string | null,
 *   fault: string | null, diagnosis: string | null, warnings: number, microseconds: number | null }} Entry
 */

/** The most entries that the page keeps: as many as a journal has by default. (own choice) */
export const MOST = 10_000;

/** @type {Entry[]} */
let entries = [];
/** The last numbers that are known. */
let last = { in: 0, out: 0 };
/** Counts the entries. */
let order = 0;
/** Counts the beginnings, so that what was asked for before one is not taken for what came after it. */
let beginning = 0;
let isLoaded = false;
/** @type {Promise<void> | null} */
let loading = null;
/** @type {(() => void)[]} What happens while the journal is read. */
let waiting = [];
let isListening = false;
/** @type {Set<(added: Entry[] | null) => void>} */
const followers = new Set();

export function everything() {
  return entries;
}

/**
 * Says what is added, or `null` when all begins anew, until the returned function is called.
 * @param {(added: Entry[] | null) => void} hear
 */
export function follow(hear) {
  followers.add(hear);
  return () => void followers.delete(hear);
}

/** Reads what is not yet known, and listens from then on. @returns {Promise<void>} */
export function load() {
  if (!isListening) {
    isListening = true;
    on('exchanges', ({ exchanges, skipped }) => later(() => take('in', exchanges.map(ofExchange), skipped)));
    on('attempts', ({ attempts, skipped }) => later(() => take('out', attempts.map(ofAttempt), skipped)));
    on('cleared', () => void startOver().catch(() => {}));
    on('restarted', () => void startOver().catch(() => {}));
    on('standing', (now) => void (now === 'live' && !isLoaded && load().catch(() => {})));
  }
  if (isLoaded && currentStanding() === 'live') return Promise.resolve();
  return (loading ??= read().finally(() => {
    loading = null;
    const due = waiting;
    waiting = [];
    for (const act of due) act();
  }));
}

/** Forgets everything, and reads the journal again. @returns {Promise<void>} */
export function startOver() {
  entries = [];
  last = { in: 0, out: 0 };
  beginning += 1;
  isLoaded = false;
  loading = null;
  waiting = [];
  for (const hear of followers) hear(null);
  return load();
}

/** @returns {Promise<void>} */
async function read() {
  const mine = beginning;
  const newest = await call('GET', 'exchanges?order=newest&limit=1');
  if (mine !== beginning) return;
  // Lower numbers than before: another mock.
  if (newest.last < last.in) return startOver();
  let after = Math.max(last.in, newest.last - MOST);
  /** @type {Entry[]} */
  const exchanges = [];
  for (let hasMore = true; hasMore && exchanges.length < MOST; ) {
    const page = await call('GET', `exchanges?limit=1000&after=${after}`);
    for (const summary of page.exchanges) exchanges.push(ofExchange(summary));
    after = page.last;
    hasMore = page.has_more;
  }
  const out = await call('GET', `callback-attempts?after=${last.out}`);
  if (mine !== beginning) return;
  isLoaded = true;
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
  const [first] = fresh;
  const missing = first ? Math.min(skipped, first.number - last[way] - 1) : some.length ? 0 : skipped;
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
  for (const hear of followers) hear(added);
}

/**
 * Both in the order of the mock's clock, each in the order of its numbers.
 * @param {Entry[]} one
 * @param {Entry[]} other
 */
function merged(one, other) {
  const all = [];
  let next = 0;
  for (const entry of one) {
    for (let before = other[next]; before && before.at < entry.at; before = other[next]) {
      all.push(before);
      next += 1;
    }
    all.push(entry);
  }
  return all.concat(other.slice(next));
}

/** @param {Summary} summary @returns {Entry} */
function ofExchange({ number, at, method, target, operation, merchant, serial_no, status, code, fault, diagnosis, warnings, microseconds }) {
  const key = serial_no ?? null;
  return { way: 'in', order: 0, number, callback: 0, at, method, target, operation, merchant, key, status, code, fault, diagnosis, warnings, microseconds };
}

/** @param {AttemptLine} attempt @returns {Entry} */
function ofAttempt({ number, callback, at, event_type, merchant, status, line }) {
  const target = / \| POST (.*)$/s.exec(line)?.[1] ?? '';
  const fault = /[:;] fault ([a-z-]+)(?=;| \|)/.exec(line)?.[1] ?? null;
  const entry = { ...gap(number), callback, at, method: 'POST', target, operation: event_type, merchant, status, fault };
  return { ...entry, way: 'out' };
}

/** @param {number} missing @returns {Entry} */
export function gap(missing) {
  return {
    way: 'gap', order: 0, number: missing, callback: 0, at: 0, method: '', target: '', operation: null, merchant: null, key: null, status: null,
    code: null, fault: null, diagnosis: null, warnings: 0, microseconds: null,
  };
}
