// An exchange in the forms that other tools take: a case, an expectation, a fault rule.

/** @import { Exchange, Header, Rewrite, Values } from './types.d.ts' */

import { say } from './i18n.js';
import { operation as operationOf } from './operations.js';

/** @type {import('./i18n.js').Text} */
const IMPOSSIBLE = ['A case cannot have this fault, missing answer or incomplete body.', '这个故障、缺失的应答或不完整的报文无法写成用例。'];

/** Headers that the kit sends by itself, or that belong to the connection. */
const USUAL = /^(host|user-agent|authorization|content-length|connection|transfer-encoding|accept-encoding|expect)$/;

/** @param {Header[]} headers @param {string} name */
export function header(headers, name) {
  return headers.find((one) => one.name === name)?.value;
}

/** For `wechatpay-mock verify`, with a fresh mock at that time. @param {Exchange} exchange @param {string} [trust] of the merchant */
export function caseOf(exchange, trust) {
  const { number, at, operation, merchant, authenticated, request, rejection, fault, answer } = exchange;
  const { status } = answer;
  const isEarly = rejection && !rejection.injected && rejection.check === null;
  const isLost = isEarly || request.body.cut || answer.body.cut || answer.body.base64 !== undefined;
  if (status === null || isLost || (fault && (fault.rule !== null || status < 400))) throw new Error(say(IMPOSSIBLE));
  const authorization = header(request.headers, 'authorization') ?? '';
  /** @type {Values} */
  const values = Object.fromEntries([...authorization.matchAll(/(\w+)="([^"]+)"/g)].map(([, name, value]) => [name, value]));
  const general = changing({ mchid: merchant ?? '', nonce_str: values.nonce_str ?? '', timestamp: values.timestamp ?? '' });
  const { text, base64 } = request.body;
  const body = text === '' ? undefined : text === undefined ? { base64 } : { text: general(text) };
  const key = header(answer.headers, 'wechatpay-serial') ?? '';
  const certificate_status = rejection?.check === 9 ? /revoked|replaced/.exec(rejection.reason)?.[0] : undefined;
  return {
    id: `exchange-${number}`,
    title: `${operation ?? request.method} gets ${status} ${rejection?.code ?? ''}`.trim(),
    why: rejection?.reason ?? 'It was so before.',
    standing: 'own-choice',
    source: `exchange ${number} of a mock`,
    given: { now: at, trust: trust === 'both' ? undefined : trust, certificate_status },
    exchanges: [
      {
        request: { method: request.method, target: general(request.target), headers: unusual(request, general), body },
        sign: authenticated ? 'valid' : sign(values, exchange),
        expect: {
          status,
          signed_by: answer.signature === 'none' ? 'nobody' : key.startsWith('PUB_KEY_ID_') ? 'public-key' : 'platform-certificate',
          body: expected(answer, request.target + request.body.text, general),
        },
      },
    ],
  };
}

/** Puts `{name}` in place of each value. @param {Values} values @returns {Rewrite} */
function changing(values) {
  const known = Object.entries(values).filter(([, value]) => value);
  return (text) => known.reduce((all, [name, value]) => all.replaceAll(value, `{${name}}`), text);
}

/** @param {Exchange['request']} request @param {Rewrite} general */
function unusual({ headers, body }, general) {
  /** @type {{ [name: string]: string | null }} */
  const found = {};
  for (const name of ['user-agent', 'accept', 'content-type']) {
    if (header(headers, name) === undefined && (body.length || name !== 'content-type')) found[name] = null;
  }
  for (const { name, value } of headers) {
    if (USUAL.test(name) || !value || (/^(accept|content-type)$/.test(name) && value === 'application/json')) continue;
    const isSerial = name === 'wechatpay-serial';
    found[name] = isSerial ? (value.startsWith('PUB_KEY_ID_') ? '{public_key_id}' : '{platform_serial}') : general(value);
  }
  return Object.keys(found).length ? found : undefined;
}

/**
 * The way of signing that is refused for the same reason, as far as the kit has it.
 * @param {Values} values of Authorization
 * @param {Exchange} exchange
 */
function sign({ mchid = '', nonce_str = '', signature = '', timestamp = '', serial_no = '' }, { at, request, rejection, diagnosis }) {
  const authorization = header(request.headers, 'authorization');
  if (authorization === undefined) return 'unsigned';
  const [{ name } = { name: '' }] = diagnosis?.mistakes ?? [];
  const tampered = ['', 'tampered-method', 'tampered-path', '', '', 'tampered-body'][diagnosis?.difference?.line ?? 0];
  const written = () => ({ authorization: changing({ mchid, nonce_str, signature, timestamp, serial_no })(authorization) });
  /** @type {{ [check: number]: unknown }} */
  const ways = {
    4: written(),
    5: written(),
    6: Number(timestamp) < at ? '301-seconds-ago' : '302-seconds-ahead',
    7: 'unknown-merchant',
    8: serial_no !== serial_no.toUpperCase() ? 'lower-case-serial' : 'unknown-serial',
    10: /^(no-final-newline|query-left-out)$/.test(name) ? name : tampered || 'wrong-key',
  };
  return ways[rejection?.check ?? 0] ?? 'valid';
}

/** @param {Exchange['answer']} answer @param {string} request @param {Rewrite} general */
function expected({ status, body: { text = '', json } }, request, general) {
  if (text === '') return 'empty';
  if (json === undefined) return { text: general(text) };
  return (status ?? 0) >= 400 ? { exact: within(json, general) } : { partial: within(json, general, request) ?? {} };
}

/**
 * The value with its texts changed; with the request, only what does not come from chance: numbers, states, and its own texts.
 * @type {(value: unknown, general: Rewrite, request?: string) => unknown}
 */
function within(value, general, request) {
  if (typeof value === 'string') return /^[A-Z_]*$/.test(value) || (request ?? value).includes(value) ? general(value) : undefined;
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) return request === undefined ? value.map((one) => within(one, general)) : undefined;
  const members = Object.entries(value).map(([name, member]) => [name, within(member, general, request)]);
  const found = members.filter(([, member]) => member !== undefined);
  return found.length || request === undefined ? Object.fromEntries(found) : undefined;
}

/** For POST /__mock/verify. @param {Exchange} exchange */
export function expectationOf(exchange) {
  const { authenticated, answer } = exchange;
  return { ...kind(exchange), authenticated, status: answer.status ?? undefined };
}

/** For POST /__mock/faults: the next request like this fails. @param {Exchange} exchange */
export function ruleOf(exchange) {
  return { fault: 'system-error', times: 1, match: kind(exchange) };
}

/** Operation, merchant, the parameters in the path, and the numbers that the merchant made. @param {Exchange} exchange */
function kind({ operation, merchant, request: { target, body } }) {
  const [path = '', query = ''] = target.split('?');
  const parts = path.split('/');
  /** @type {Values} */
  const places = {};
  operationOf(operation)?.path.split('/').forEach((part, index) => {
    if (part.startsWith('{')) places[`path.${part.slice(1, -1)}`] = decoded(parts[index] ?? '');
  });
  const named = [...new URLSearchParams(query.replaceAll('+', '%2B'))].map(([name, value]) => [name, value, 'query.']);
  for (const [name, value, place] of [...named, ...Object.entries(body.json ?? {}).map(([name, value]) => [name, value, 'body./'])]) {
    if (operation && isNumber(name) && typeof value === 'string') places[place + name] = value;
  }
  return { operation: operation ?? undefined, merchant: merchant ?? undefined, ...places };
}

/** Whether a field of this name has a number that merchants make, such as out_trade_no. @param {string} name */
function isNumber(name) {
  return /(^|_)out_(.*_)?(no|code|number|id)$/.test(name);
}

/** @param {string} value */
function decoded(value) {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
