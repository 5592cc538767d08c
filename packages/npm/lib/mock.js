'use strict';

const { AssertionError } = require('node:assert');
const { rmSync } = require('node:fs');
const { call, MockError } = require('./call.js');
const { prepare } = require('./environment.js');
const say = require('./say.js');

/** A merchant of a mock. Of the mock that a process started, `stop` ends the mock; of another, it deletes the merchant. */
class Mock {
  #after;
  #stop;
  #closed;
  #environment;

  constructor(url, credentials, after, stop) {
    this.url = url;
    this.credentials = credentials;
    this.clock = clockOf(url);
    this.#after = after;
    this.#stop = stop;
  }

  /** The mock at `url` as its first merchant, whose `close` calls `stop`. */
  static async first(url, stop) {
    return new Mock(url, await call(url, 'GET', '/credentials'), 0, stop);
  }

  /** A new merchant of the mock at `url`. */
  static async make(url, options) {
    const credentials = await call(url, 'POST', '/merchants', options);
    const remove = () => call(url, 'DELETE', `/merchants/${credentials.mchid}`).catch(unlessGone);
    return new Mock(url, credentials, await lastNumber(url), remove);
  }

  merchant(options = {}) {
    return Mock.make(this.url, options);
  }

  async fault(fault) {
    const { match, ...rule } = typeof fault === 'string' ? { fault, times: 1 } : fault;
    const added = await this.#post('/faults', { ...rule, match: { merchant: this.#mchid, ...match } });
    const remove = () => call(this.url, 'DELETE', `/faults/${added.id}`);
    return { ...added, delete: remove };
  }

  async expect(expectation) {
    try {
      return await this.#post('/verify', { merchant: this.#mchid, ...expectation });
    } catch (error) {
      if (!(error instanceof MockError) || error.body.met !== false) throw error;
      const { report, matching } = error.body;
      throw new AssertionError({
        message: [report, await this.report()].filter(Boolean).join('\n\n'),
        expected: expectation.times ?? { at_least: 1 },
        actual: matching.length,
        operator: 'expect',
      });
    }
  }

  async trigger(event, options = {}) {
    const callback = await this.#post('/callbacks', { event_type: event, merchant: this.#mchid, ...options });
    return callback.attempts[0];
  }

  pay(outTradeNo, options = {}) {
    return this.#post('/payments', { out_trade_no: outTradeNo, merchant: this.#mchid, ...options });
  }

  exchanges(filters = {}) {
    return list(this.url, { merchant: this.#mchid, ...filters });
  }

  async report() {
    const exchanges = await this.exchanges({ unknown: true, after: this.#after });
    const refused = exchanges.filter(({ status }) => status >= 400);
    if (refused.length === 0) return '';
    const described = await Promise.all(refused.map((exchange) => describe(this.url, exchange)));
    return [`${say('refused requests: ', '被拒绝的请求：')}${refused.length}`, ...described].join('\n');
  }

  async reset() {
    await this.#post('/reset', { merchant: this.#mchid });
    this.#after = await lastNumber(this.url);
  }

  async environment() {
    this.#environment ??= prepare(this.url, this.credentials);
    return { ...(await this.#environment).variables };
  }

  close() {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close() {
    const prepared = await this.#environment?.catch(() => undefined);
    if (prepared) rmSync(prepared.folder, { recursive: true, force: true });
    await this.#stop();
  }

  get #mchid() {
    return this.credentials.mchid;
  }

  #post(path, body) {
    return call(this.url, 'POST', path, body);
  }
}
exports.Mock = Mock;

/** A mock that has ended, or that was reset, has no such merchant any more. */
function unlessGone(error) {
  if (error instanceof MockError && error.status !== 404) throw error;
}

function clockOf(url) {
  const move = (action) => call(url, 'POST', '/clock', action);
  return {
    now: () => call(url, 'GET', '/clock'),
    freeze: (at, options) => move({ action: 'freeze', at, ...options }),
    advance: (seconds, options) => move({ action: 'advance', seconds, ...options }),
    resume: () => move({ action: 'resume' }),
  };
}

/** The exchanges that the filters let through: all, or a page if they limit or order them. */
async function list(url, filters) {
  const exchanges = [];
  let { after } = filters;
  for (let hasMore = true; hasMore; ) {
    const query = new URLSearchParams({ limit: 1000, ...filters, ...(after && { after }) });
    const page = await call(url, 'GET', `/exchanges?${query}`);
    exchanges.push(...page.exchanges);
    after = page.last;
    hasMore = page.has_more && !filters.limit && !filters.order;
  }
  return exchanges;
}

async function lastNumber(url) {
  const [last] = await list(url, { order: 'newest', limit: 1 });
  return last?.number ?? 0;
}

/** Why a request was refused. */
async function describe(url, { number, status, operation, method, target, diagnosis, line }) {
  if (!diagnosis) return `  ${line}`;
  const { text, chinese } = (await call(url, 'GET', `/exchanges/${number}`)).diagnosis;
  return `  #${number} ${status} ${operation}: ${method} ${target}\n    ${say(text, chinese)}`;
}
