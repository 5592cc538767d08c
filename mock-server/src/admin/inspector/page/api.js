// Calls to the mock that serves this page. The token, if it has one, stays in memory.

import { button, h, show } from './dom.js';
import { locale, say } from './i18n.js';

const texts = /** @type {const} */ ({
  title: ['This mock has a token', '此模拟网关设置了令牌'],
  what: [
    'Enter the value of --admin-token or WECHATPAY_MOCK_ADMIN_TOKEN. It is kept until this page is closed, and nowhere else.',
    '请输入 --admin-token 或 WECHATPAY_MOCK_ADMIN_TOKEN 的值。它只保存在此页面的内存中，关闭页面即失效。',
  ],
  wrong: ['That is not the token.', '令牌不正确。'],
  label: ['Token', '令牌'],
  go: ['Continue', '继续'],
  gone: ['The mock does not respond. Is it still running?', '模拟网关没有响应，它还在运行吗？'],
  close: ['Close', '关闭'],
  copied: ['Copied.', '已复制。'],
  uncopied: ['The browser does not allow copying. Select the text and copy it.', '浏览器不允许复制，请选中文本手动复制。'],
});

/** @type {string | null} */
let token = null;
/** @type {Promise<void> | null} The question for the token, while it is open. */
let asking = null;

/** A call that the mock refused. */
export class Refused extends Error {
  /**
   * @param {number} status
   * @param {string} message
   * @param {any} body the whole answer, if it is JSON
   */
  constructor(status, message, body) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

/**
 * Calls the mock in the reader's language, and asks for the token if it wants one.
 * @param {string} path from after `/__mock/` on
 * @param {RequestInit} [init]
 * @returns {Promise<Response>}
 */
export async function request(path, init = {}) {
  for (let tried = false; ; tried = true) {
    const headers = new Headers(init.headers);
    headers.set('Accept-Language', locale());
    const used = token;
    if (used !== null) headers.set('Authorization', `Bearer ${used}`);
    const response = await fetch(`/__mock/${path}`, { ...init, headers, cache: 'no-store' });
    if (response.status !== 401) return response;
    // Another call may have asked meanwhile.
    if (token === used) await (asking ??= ask(tried || used !== null).finally(() => (asking = null)));
  }
}

/**
 * A call with JSON in both directions.
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} [body]
 * @returns {Promise<any>}
 */
export async function call(method, path, body) {
  const text = await textOf(method, path, body);
  return JSON.parse(text);
}

/**
 * A call whose answer is text.
 * @param {'GET' | 'POST' | 'PUT' | 'DELETE'} method
 * @param {string} path
 * @param {unknown} [body]
 */
export async function textOf(method, path, body) {
  let response;
  try {
    response = await request(path, { method, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Error(say(texts.gone));
  }
  const text = await response.text();
  if (response.ok) return text;
  let refusal;
  try {
    refusal = JSON.parse(text);
  } catch {
    refusal = null;
  }
  throw new Refused(response.status, refusal?.message ?? `${response.status} ${response.statusText}`, refusal);
}

/** @param {boolean} isWrong @returns {Promise<void>} */
function ask(isWrong) {
  return new Promise((resolve) => {
    const input = h('input', { type: 'password', id: 'token', autocomplete: 'off', required: true, minlength: 16 });
    const form = h(
      'form',
      { method: 'dialog' },
      h('h2', { id: 'token-title' }, say(texts.title)),
      h('p', null, say(texts.what)),
      isWrong && h('p', { class: 'bad', role: 'alert' }, say(texts.wrong)),
      h('label', { for: 'token' }, say(texts.label)),
      input,
      h('p', { class: 'row end' }, h('button', { class: 'main' }, say(texts.go))),
    );
    const dialog = h('dialog', { 'aria-labelledby': 'token-title', oncancel: (/** @type {Event} */ event) => event.preventDefault() }, form);
    dialog.addEventListener('close', () => {
      // A header can hold only these; anything else is a wrong token, not a call that fails.
      token = input.value.replace(/[^!-~]/g, '');
      dialog.remove();
      resolve();
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

/**
 * Says something for a while, to screen readers too.
 * @param {string} text
 * @param {'good' | 'bad'} [kind]
 */
export function notify(text, kind = 'good') {
  const list = document.getElementById('notices');
  if (!list) return;
  const notice = h('p', { class: `notice ${kind}` }, text, ' ');
  notice.append(button('×', () => notice.remove(), { class: 'quiet', 'aria-label': say(texts.close) }));
  while (list.childElementCount > 3) list.firstElementChild?.remove();
  list.append(notice);
  setTimeout(() => notice.remove(), kind === 'bad' ? 12_000 : 4_000);
}

/**
 * Does something, and says so if it fails.
 * @param {() => Promise<unknown>} act
 */
export async function attempt(act) {
  try {
    await act();
  } catch (error) {
    notify(error instanceof Error ? error.message : String(error), 'bad');
  }
}

/** @param {string} text */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    notify(say(texts.copied));
  } catch {
    notify(say(texts.uncopied), 'bad');
  }
}

/**
 * Lets the browser save a file.
 * @param {string} name
 * @param {string | Blob} content
 * @param {string} [type]
 */
export function save(name, content, type = 'text/plain') {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h('a', { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}

/**
 * Asks before something that can't be undone.
 * @param {string} question
 * @param {string} yes
 * @param {string} no
 * @returns {Promise<boolean>}
 */
export function confirmed(question, yes, no) {
  return new Promise((resolve) => {
    const dialog = h('dialog', { 'aria-labelledby': 'question' });
    show(
      dialog,
      h(
        'form',
        { method: 'dialog' },
        h('p', { id: 'question' }, question),
        h('p', { class: 'row end' }, h('button', { value: '', autofocus: true }, no), h('button', { value: 'yes', class: 'danger' }, yes)),
      ),
    );
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}
