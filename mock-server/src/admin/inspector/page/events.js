// What happens in the mock, as it happens: the stream of /__mock/events.

import { request } from './api.js';

/** @typedef {'exchanges' | 'attempts' | 'changes' | 'payment-requests' | 'cleared' | 'restarted'} Kind */
/** @typedef {'connecting' | 'live' | 'paused' | 'lost'} Standing */

/** @type {Map<Kind | 'standing', Set<(data: any) => void>>} */
const listeners = new Map();
/** @type {Standing} */
let standing = 'connecting';
let last = '';
/** @type {AbortController | null} */
let reading = null;

/**
 * Hears about one kind of event until the returned function is called.
 * @param {Kind | 'standing'} kind
 * @param {(data: any) => void} listener
 * @returns {() => void}
 */
export function on(kind, listener) {
  const all = listeners.get(kind) ?? new Set();
  listeners.set(kind, all.add(listener));
  return () => void all.delete(listener);
}

export function currentStanding() {
  return standing;
}

/** @param {Kind | 'standing'} kind @param {unknown} data */
function tell(kind, data) {
  for (const listener of listeners.get(kind) ?? []) listener(data);
}

/** @param {Standing} now */
function be(now) {
  if (standing === now) return;
  standing = now;
  tell('standing', now);
}

/** Stops reading. What happens meanwhile comes when reading goes on. */
export function pause() {
  reading?.abort();
  reading = null;
  be('paused');
}

/** Reads, and begins again where it was if the connection is lost. */
export async function listen() {
  reading?.abort();
  const mine = (reading = new AbortController());
  be('connecting');
  for (let wait = 250; reading === mine; wait = Math.min(wait * 2, 5000)) {
    try {
      /** @type {Record<string, string>} */
      const headers = last ? { 'Last-Event-ID': last } : {};
      const response = await request('events', { headers, signal: mine.signal });
      if (response.ok && response.body) {
        be('live');
        wait = 250;
        await read(response.body.pipeThrough(new TextDecoderStream()).getReader());
      }
    } catch {
      // The mock is gone or was restarted.
    }
    if (reading !== mine) return;
    be('lost');
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}

/** @param {ReadableStreamDefaultReader<string>} reader */
async function read(reader) {
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const messages = text.split('\n\n');
    text = messages.pop() ?? '';
    messages.forEach(hear);
  }
}

/** @param {string} message */
function hear(message) {
  let kind = '';
  let data = '';
  for (const line of message.split('\n')) {
    const [, field, value] = /^(event|data|id): ?(.*)$/.exec(line) ?? [];
    if (field === 'event') kind = value ?? '';
    else if (field === 'data') data += value;
    else if (field === 'id') last = value ?? '';
  }
  if (kind) tell(/** @type {Kind} */ (kind), data ? JSON.parse(data) : null);
}

// A page that nobody looks at reads nothing.
document.addEventListener('visibilitychange', () => {
  if (document.hidden && standing !== 'paused') {
    pause();
    wasLive = true;
  } else if (!document.hidden && wasLive) {
    wasLive = false;
    void listen();
  }
});
let wasLive = false;
