// wechatpay-mock run -- node --test
//
// Each test begins with a reset of the mock, which only this run uses.
'use strict';

const assert = require('node:assert/strict');
const { beforeEach, test } = require('node:test');

const { SAMPLE, addPoints } = require('./points.js');
const { Client, Refused, Unverified } = require('./wechatpay.js');

/** Calls the mock's own API. */
async function mock(method, path, body) {
  const response = await fetch(`${process.env.WECHATPAY_MOCK_URL}/__mock${path}`, { method, body: body && JSON.stringify(body) });
  const text = await response.text();
  assert.ok(response.ok, text);
  return text ? JSON.parse(text) : undefined;
}

beforeEach(() => mock('POST', '/reset'));

test('points are added with one request', async () => {
  await addPoints(new Client(), SAMPLE, 'order-1', 100);
  const { exchanges } = await mock('GET', '/exchanges');
  assert.deepEqual(exchanges.map(({ status, warnings }) => [status, warnings]), [[204, 0]]);
});

test('a lost response does not add points twice', async () => {
  await mock('POST', '/faults', { fault: 'system-error-applied', times: 1 });
  await addPoints(new Client(), SAMPLE, 'order-1', 100);
  await mock('POST', '/verify', { operation: 'set_rights', body: { out_request_no: 'order-1' }, times: 2 });
});

test('a forged response is rejected', async () => {
  await mock('POST', '/faults', { fault: 'wrong-key' });
  await assert.rejects(addPoints(new Client(), SAMPLE, 'order-1', 100), Unverified);
});

test('a refused request is not sent again', async () => {
  await mock('POST', '/faults', { fault: 'no-auth' });
  await assert.rejects(addPoints(new Client(), SAMPLE, 'order-1', 100), (error) => error instanceof Refused && /NO_AUTH/.test(error.message));
  assert.equal((await mock('GET', '/exchanges')).exchanges.length, 1);
});
