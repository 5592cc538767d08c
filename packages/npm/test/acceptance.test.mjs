// The suite of packages/acceptance.json, against the installed package.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { afterEach, beforeEach, test } from 'node:test';
import { promisify } from 'node:util';
import { MockError, start } from 'wechatpay-mock';
import { place, placeAltered, receiver, sdk } from './shop.cjs';

const script = (name) => new URL(name, import.meta.url).pathname;

let mock;
beforeEach(async () => {
  mock = await start();
});
afterEach(() => mock.close());

const status = (expected) => (error) => {
  assert.equal(error.response?.status, expected, error.message);
  return true;
};

/** Resolves as soon as nothing listens there; a connection ends when the mock does. */
async function nothingListens(url) {
  for (;;) {
    const socket = connect(Number(new URL(url).port), '127.0.0.1').resume();
    const ended = once(socket, 'close').catch((error) => error);
    if ((await ended).code === 'ECONNREFUSED') return;
  }
}

const changed = (body) => JSON.stringify({ ...body, description: 'something else' });

test('answers_a_signed_request', async () => {
  const answer = await place(mock, 'order-1');
  assert.equal(answer.status, 200);
  assert.match(answer.data.prepay_id, /^wx/);
  assert.equal(await mock.report(), '');

  const env = { ...process.env, ...(await mock.environment()) };
  const { stdout } = await promisify(execFile)(process.execPath, [script('order-by-node-v3.mjs'), 'order-2'], { env });
  assert.equal(stdout, '200\n');
  assert.deepEqual((await mock.exchanges()).map((exchange) => exchange.status), [200, 200, 200]);

  await mock.fault('wrong-key');
  await assert.rejects(place(mock, 'order-3'), { code: 'EV3_RES_HEADER_SIGNATURE_DIGEST' });
});

test('refuses_a_wrong_signature', async () => {
  await assert.rejects(placeAltered(mock, 'order-1', changed), (error) => {
    assert.deepEqual([error.response.status, error.response.data.code], [401, 'SIGN_ERROR']);
    return true;
  });
  process.env.LC_ALL = 'C';
  const refused = 'refused requests: 1\n  #1 401 post_pay_transactions_jsapi: POST /v3/pay/transactions/jsapi\n';
  assert.ok((await mock.report()).startsWith(`${refused}    other-message: `), await mock.report());
  assert.match(await mock.report(), /compare what you sign, line by line, with what you send/);
  process.env.LC_ALL = 'zh_CN.UTF-8';
  assert.match(await mock.report(), /请逐行比较签名串与实际发送的请求/);
  process.env.LC_ALL = 'C';

  assert.equal((await fetch(`${mock.url}/v3/certificates`)).status, 406);
  assert.match(await mock.report(), /^refused requests: 2\n/);
  await mock.reset();
  assert.equal(await mock.report(), '');
});

test('reports_a_wrong_mchid', async () => {
  const own = await mock.merchant();
  const gone = await mock.merchant();
  await gone.close();
  await assert.rejects(place(gone, 'order-1'), status(401));
  assert.match(await own.report(), /^refused requests: 1\n.*401 post_pay_transactions_jsapi/);
  assert.equal(await (await mock.merchant()).report(), '');
});

test('a_fault_strikes_once', async () => {
  await mock.fault('system-error');
  await assert.rejects(place(mock, 'order-1'), status(500));
  assert.equal((await place(mock, 'order-1')).status, 200);

  const rule = await mock.fault({ fault: 'frequency-limited', match: { operation: 'post_pay_transactions_jsapi' } });
  await assert.rejects(place(mock, 'order-2'), status(429));
  await rule.delete();
  assert.equal((await place(mock, 'order-2')).status, 200);

  await assert.rejects(mock.fault('sytem-error'), (error) => {
    assert.ok(error instanceof MockError);
    assert.equal(error.status, 400);
    assert.match(error.message, /did you mean system-error\?/);
    return true;
  });
});

test('expects_what_was_sent', async () => {
  await place(mock, 'order-1');
  const sent = { operation: 'post_pay_transactions_jsapi', 'body./out_trade_no': 'order-1' };
  await mock.expect({ ...sent, times: 1 });
  await assert.rejects(placeAltered(mock, 'order-2', changed), status(401));
  await assert.rejects(mock.expect({ ...sent, times: 2 }), (error) => {
    assert.ok(error instanceof assert.AssertionError);
    assert.deepEqual([error.expected, error.actual], [2, 1]);
    assert.match(error.message, /exactly 2 [^]*found 1 [^]*refused requests: 1\n/);
    return true;
  });
  await assert.rejects(mock.expect({ operation: 'no_such_operation' }), { name: 'MockError', status: 400 });
});

test('lists_exchanges', async () => {
  const other = await mock.merchant();
  await place(mock, 'order-1');
  await place(other, 'order-1');
  await assert.rejects(placeAltered(mock, 'order-2', changed), status(401));
  assert.deepEqual((await mock.exchanges()).map((exchange) => exchange.status), [200, 401]);
  assert.deepEqual((await mock.exchanges({ status: 401 })).map((exchange) => exchange.code), ['SIGN_ERROR']);
  assert.deepEqual((await other.exchanges()).map((exchange) => exchange.merchant), [other.credentials.mchid]);
  assert.equal(await other.report(), '');
});

test('pays_an_order', async (t) => {
  const { url, next, close } = await receiver(mock);
  t.after(close);
  await place(mock, 'order-1', { notify_url: url });
  const paid = await mock.pay('order-1');
  assert.equal(paid.trade_state, 'SUCCESS');
  const { event, resource } = await next();
  assert.equal(event, 'TRANSACTION.SUCCESS');
  assert.deepEqual([resource.out_trade_no, resource.trade_state, resource.amount.total], ['order-1', 'SUCCESS', 100]);
  const query = sdk(mock).chain('v3/pay/transactions/out-trade-no/{out_trade_no}');
  const { data } = await query.get({ params: { mchid: mock.credentials.mchid }, out_trade_no: 'order-1' });
  assert.deepEqual([data.trade_state, data.transaction_id], ['SUCCESS', resource.transaction_id]);
  await assert.rejects(mock.pay('order-1', { action: 'fail' }), { status: 409 });
});

test('triggers_a_callback', async (t) => {
  const { url, next, close } = await receiver(mock);
  t.after(close);
  const attempt = await mock.trigger('TRANSACTION.SUCCESS', { to: url, resource: { out_trade_no: 'order-7' } });
  assert.deepEqual([attempt.status, attempt.received], [204, true]);
  assert.equal((await next()).resource.out_trade_no, 'order-7');

  await mock.fault({ fault: 'wrong-key', on: 'callback', times: 1 });
  const forged = await mock.trigger('TRANSACTION.SUCCESS', { to: url });
  assert.deepEqual([forged.status, forged.received], [401, false]);
});

test('moves_the_clock', async () => {
  const expires = new Date(Date.now() + 30 * 60_000).toISOString().replace(/\.\d+Z/, '+00:00');
  await place(mock, 'order-1', { time_expire: expires });
  await place(mock, 'order-2');
  const frozen = await mock.clock.freeze();
  await mock.clock.advance(3600);
  const later = await mock.clock.now();
  assert.deepEqual([later.now, later.frozen], [frozen.now + 3600, true]);
  await assert.rejects(mock.pay('order-1'), { name: 'MockError', status: 409 });
  assert.equal((await mock.pay('order-2')).trade_state, 'SUCCESS');
  assert.equal((await mock.clock.freeze('2026-01-01T00:00:00+08:00')).now, 1767196800);
  assert.equal((await mock.clock.resume()).offset, 0);
});

test('merchants_are_apart', async () => {
  const other = await mock.merchant({ trust: 'platform-certificate' });
  assert.equal(other.credentials.public_key_id, undefined);
  await place(mock, 'order-1');
  await place(other, 'order-1');
  await mock.fault('system-error');
  assert.equal((await place(other, 'order-2')).status, 200);
  await mock.reset();
  await assert.rejects(mock.pay('order-1'), { status: 404 });
  assert.equal((await other.pay('order-1')).trade_state, 'SUCCESS');
  await other.close();
  await assert.rejects(place(other, 'order-3'), status(401));
});

test('uses_a_running_mock', async (t) => {
  process.env.WECHATPAY_MOCK_URL = `${mock.url}/`;
  t.after(() => delete process.env.WECHATPAY_MOCK_URL);
  const attached = await start();
  assert.equal(attached.url, mock.url);
  await place(attached, 'order-1');
  assert.deepEqual(await mock.exchanges(), []);
  await attached.close();
  assert.equal((await place(mock, 'order-1')).status, 200);
  await assert.rejects(place(attached, 'order-2'), status(401));

  process.env.WECHATPAY_MOCK_URL = 'http://127.0.0.1:1';
  await assert.rejects(start(), /expected a mock at http:\/\/127\.0\.0\.1:1, found .*ECONNREFUSED/);
});

test('says_why_it_did_not_start', async () => {
  await assert.rejects(start({ config: '/no/such.toml' }), (error) => {
    assert.match(error.message, /^expected the mock to listen, but it ended with exit code 2: /);
    assert.match(error.message, /\n.*\/no\/such\.toml/);
    return true;
  });
  await assert.rejects(start({ binary: '/no/such/program' }), /expected to start the mock, found .*ENOENT/);
  await assert.rejects(start({ binary: '/bin/echo' }), /expected "listening on .* found "serve --port 0 --stop-with-stdin/);
  writeFileSync(script('silent'), '#!/bin/sh\nexec sleep 60\n', { mode: 0o755 });
  await assert.rejects(start({ binary: script('silent'), timeout: 0.1 }), /expected the mock to listen within 0.1 s/);
});

test('leaves_nothing_behind', { timeout: 20_000 }, async () => {
  const own = await start();
  const merchant = await own.merchant();
  const { NODE_EXTRA_CA_CERTS: file } = await own.environment();
  assert.ok(existsSync(file));
  await Promise.all([own.close(), own.close()]);
  await assert.rejects(own.clock.now(), /expected a mock at .* found .*ECONNREFUSED/);
  await merchant.close();
  assert.ok(!existsSync(file));

  const child = spawn(process.execPath, [script('start-and-wait.mjs')], { stdio: ['pipe', 'pipe', 'inherit'] });
  const [url] = await once(createInterface(child.stdout), 'line');
  assert.equal((await fetch(`${url}/__mock/health`)).status, 200);
  child.kill('SIGKILL');
  await nothingListens(url);
});
