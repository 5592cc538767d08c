// An exchange in the forms that other tools take: a case, an expectation, a fault rule.

import { say } from './i18n.js';
import { inPath, operationKnown } from './operations.js';

/** @typedef {import('./types.d.ts').Exchange} Exchange */

const texts = /** @type {const} */ ({
  cut: [
    'The journal kept only the beginning of a body, so there is no case of it; limits.journal_body keeps more.',
    '请求记录只保留了报文的开头部分，无法生成用例；调大 limits.journal_body 可以保留更多。',
  ],
  unanswered: ['A case says what must be answered, but nothing was.', '用例要写明应答，但这个请求没有得到应答。'],
  binary: ['A case cannot say that an answer has a body that is not text.', '用例无法描述不是文本的应答体。'],
});

/** Headers that the kit sends by itself, or that belong to the connection. */
const USUAL = new Set(['host', 'authorization', 'content-length', 'connection', 'transfer-encoding', 'accept-encoding', 'expect']);

/** @param {{ name: string, value: string }[]} headers @param {string} name */
export function header(headers, name) {
  return headers.find((one) => one.name === name)?.value;
}

/**
 * A case for `wechatpay-mock verify`: a fresh mock at the time of the exchange, its request, and what in its answer does not depend on chance.
 * @param {Exchange} exchange
 * @param {string | undefined} trust of the merchant
 * @throws if a case can't say it
 */
export function caseOf({ number, at, operation, merchant, authenticated, request, rejection, diagnosis, answer }, trust) {
  const { status, headers, body } = answer;
  if (request.body.cut || body.cut) throw new Error(say(texts.cut));
  if (status === null) throw new Error(say(texts.unanswered));
  const authorization = header(request.headers, 'authorization');
  const values = parameters(authorization);
  /** @type {[string, string][]} */
  const names = [['{mchid}', values['mchid'] ?? merchant ?? ''], ['{nonce_str}', values['nonce_str'] ?? ''], ['{timestamp}', values['timestamp'] ?? '']];
  const known = names.filter(([, value]) => value.length > 3);
  /** @param {string} text */
  const general = (text) => known.reduce((all, [name, value]) => all.replaceAll(value, name), text);
  const isPublicKey = header(headers, 'wechatpay-serial')?.startsWith('PUB_KEY_ID_');
  const signedBy = answer.signature === 'none' ? 'nobody' : isPublicKey ? 'public-key' : 'platform-certificate';
  const given = { now: at, trust: trust === 'both' ? undefined : trust, certificate_status: certificate(rejection?.check, rejection?.reason) };
  const built = {
    method: request.method,
    target: general(request.target),
    headers: unusual(request, general),
    body: contentOf(request.body, general),
  };
  return {
    id: `exchange-${number}`,
    title: `${operation ?? `${request.method} ${request.target.replace(/\?.*$/s, '')}`} gets ${status}${rejection?.code ? ` ${rejection.code}` : ''}`,
    why: rejection ? rejection.reason : 'It was seen, and should stay like this.',
    standing: 'own-choice',
    source: `exchange ${number} of a mock`,
    given,
    exchanges: [
      {
        request: built,
        sign: authenticated ? 'valid' : signOf(authorization, values, at, rejection, diagnosis),
        expect: { status, signed_by: signedBy, body: expected(body, status, `${request.target}\n${request.body.text ?? ''}`, general) },
      },
    ],
  };
}

/** @param {string | undefined} authorization @returns {{ [name: string]: string }} */
function parameters(authorization = '') {
  return Object.fromEntries([...authorization.matchAll(/(\w+)="([^"]*)"/g)].map(([, name, value]) => [name, value]));
}

/** @param {number | null | undefined} check @param {string | undefined} reason */
function certificate(check, reason = '') {
  return check === 9 ? /revoked|replaced/.exec(reason)?.[0] : undefined;
}

/** @param {Exchange['request']} request @param {(text: string) => string} general */
function unusual({ headers, body }, general) {
  /** @type {{ [name: string]: string | null }} */
  const found = {};
  for (const name of ['user-agent', 'accept']) if (header(headers, name) === undefined) found[name] = null;
  if (body.length > 0 && header(headers, 'content-type') === undefined) found['content-type'] = null;
  for (const { name, value } of headers) {
    if (USUAL.has(name) || name === 'user-agent' || value === undefined) continue;
    if ((name === 'accept' || name === 'content-type') && value === 'application/json') continue;
    const isSerial = name === 'wechatpay-serial' && value !== '';
    found[name] = !isSerial ? general(value) : value.startsWith('PUB_KEY_ID_') ? '{public_key_id}' : '{platform_serial}';
  }
  return Object.keys(found).length ? found : undefined;
}

/** @param {Exchange['request']['body']} body @param {(text: string) => string} general */
function contentOf({ text, base64, length }, general) {
  if (length === 0) return undefined;
  if (text === undefined) return { base64 };
  // The kit would take a word in braces for a placeholder.
  if (/\{[a-z_]+\}/.test(text)) return { base64: btoa(Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('')) };
  try {
    const value = JSON.parse(text);
    // Only what JavaScript writes as it was is written as JSON.
    if (JSON.stringify(value) === text) return { json: within(value, general) };
  } catch {
    // It is no JSON: its text.
  }
  return { text: general(text) };
}

/**
 * The way of signing that is refused for the same reason, as far as the kit has it.
 * @param {string | undefined} authorization
 * @param {{ [name: string]: string }} values
 * @param {number} at
 * @param {Exchange['rejection']} rejection
 * @param {Exchange['diagnosis']} diagnosis
 */
function signOf(authorization, values, at, rejection, diagnosis) {
  if (authorization === undefined) return 'unsigned';
  const serial = values['serial_no'] ?? '';
  switch (rejection?.check) {
    case 4:
    case 5: {
      const known = Object.entries(values).filter(([name, value]) => value && /^(mchid|nonce_str|signature|timestamp|serial_no)$/.test(name));
      return { authorization: known.reduce((all, [name, value]) => all.replace(`"${value}"`, `"{${name}}"`), authorization) };
    }
    case 6:
      return Number(values['timestamp']) < at ? '301-seconds-ago' : '302-seconds-ahead';
    case 7:
      return 'unknown-merchant';
    case 8:
      return serial !== serial.toUpperCase() ? 'lower-case-serial' : 'unknown-serial';
    case 10:
      return mistaken(diagnosis);
    default:
      return 'valid';
  }
}

/** @param {Exchange['diagnosis']} diagnosis */
function mistaken(diagnosis) {
  const [first] = diagnosis?.mistakes ?? [];
  if (first && ['no-final-newline', 'query-left-out'].includes(first.name)) return first.name;
  if (first?.name.startsWith('signature-')) return 'signature-not-base64';
  const line = diagnosis?.difference?.line ?? 0;
  return ['wrong-key', 'tampered-method', 'tampered-path', 'wrong-key', 'wrong-key', 'tampered-body'][line] ?? 'wrong-key';
}

/**
 * @param {Exchange['answer']['body']} body
 * @param {number} status
 * @param {string} sent
 * @param {(text: string) => string} general
 */
function expected({ text, length }, status, sent, general) {
  if (length === 0) return 'empty';
  if (text === undefined) throw new Error(say(texts.binary));
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return { text: general(text) };
  }
  return status >= 400 ? { exact: within(value, general) } : { partial: lasting(value, sent, general) ?? {} };
}

/**
 * The value with all its texts so.
 * @param {any} value
 * @param {(text: string) => string} general
 * @returns {any}
 */
function within(value, general) {
  if (typeof value === 'string') return general(value);
  if (Array.isArray(value)) return value.map((one) => within(one, general));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, within(member, general)]));
}

/**
 * What another run would answer, too: numbers, states, and what the request said.
 * @param {any} value
 * @param {string} sent
 * @param {(text: string) => string} general
 * @returns {any} undefined if nothing of it
 */
function lasting(value, sent, general) {
  if (typeof value === 'string') return /^[A-Z][A-Z_]*$/.test(value) || (value && sent.includes(value)) ? general(value) : undefined;
  if (Array.isArray(value)) return undefined;
  if (value === null || typeof value !== 'object') return value;
  const members = Object.entries(value).map(([name, member]) => [name, lasting(member, sent, general)]);
  const found = members.filter(([, member]) => member !== undefined);
  return found.length ? Object.fromEntries(found) : undefined;
}

/**
 * An expectation for POST /__mock/verify.
 * @param {Exchange} exchange
 */
export function expectationOf(exchange) {
  const { operation, merchant, authenticated, answer } = exchange;
  return { operation: operation ?? undefined, merchant: merchant ?? undefined, status: answer.status ?? undefined, authenticated, ...places(exchange), times: 1 };
}

/**
 * A rule for POST /__mock/faults that the next request of this kind, with these numbers, meets.
 * @param {Exchange} exchange
 */
export function ruleOf(exchange) {
  const { operation, merchant } = exchange;
  return { fault: 'system-error', times: 1, match: { merchant: merchant ?? undefined, operation: operation ?? undefined, ...places(exchange) } };
}

/**
 * The parameters of the path, and the numbers that the merchant made, by their places.
 * @param {Exchange} exchange
 * @returns {{ [place: string]: string }}
 */
function places({ operation, request }) {
  if (!operation || !operationKnown(operation)) return {};
  /** @type {{ [place: string]: string }} */
  const found = {};
  for (const [name, value] of inPath(operation, request.target)) found[`path.${name}`] = value;
  for (const [name, value] of new URLSearchParams(/\?(.*)$/s.exec(request.target)?.[1]?.replaceAll('+', '%2B') ?? '')) {
    if (isNumber(name)) found[`query.${name}`] = value;
  }
  const { json } = request.body;
  if (json && typeof json === 'object' && !Array.isArray(json)) {
    for (const [name, value] of Object.entries(json)) if (isNumber(name) && typeof value === 'string') found[`body./${name}`] = value;
  }
  return found;
}

/**
 * Whether merchants make the number in a field of this name, such as out_trade_no.
 * @param {string} name
 */
function isNumber(name) {
  const words = name.split('_');
  return ['no', 'code', 'number', 'id'].includes(words.pop() ?? '') && words.includes('out');
}

