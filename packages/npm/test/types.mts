// Uses every public name with its types; `tsc` checks it, nothing runs it.
import { AssertionError } from 'node:assert';
import { test } from 'node:test';
import { MockError, start, type CallbackAttempt, type ClockState, type Exchange, type Mock } from 'wechatpay-mock';
import { withMerchant as jestMerchant } from 'wechatpay-mock/jest';
import { withMerchant } from 'wechatpay-mock/node-test';
import { test as vitest } from 'wechatpay-mock/vitest';

async function use(mock: Mock): Promise<void> {
  const { url, credentials } = mock;
  const number: string = url + credentials.mchid;
  const other: Mock = await mock.merchant({ trust: 'public-key', new_key: true });
  const rule = await mock.fault({ fault: 'system-error', times: 2, match: { operation: 'set_rights' } });
  await rule.delete();
  await mock.fault('system-error');
  await mock.expect({ operation: 'set_rights', 'body./amount/total': 100, times: { at_least: 1 } });
  const attempt: CallbackAttempt = await mock.trigger('TRANSACTION.SUCCESS', { to: url, resource: { out_trade_no: number } });
  await mock.pay(number, { action: 'cancel' });
  const state: ClockState = await mock.clock.freeze(new Date());
  await mock.clock.advance(state.now, { signatures: 'real' });
  await mock.clock.resume();
  const exchanges: Exchange[] = await mock.exchanges({ status: attempt.status ?? 0 });
  const report: string = await mock.report();
  const variables: Record<string, string> = await mock.environment();
  await mock.reset();
  await other.close();
  // @ts-expect-error an action that no user has
  await mock.pay(number, { action: 'steal' });
  // @ts-expect-error seconds are a number
  await mock.clock.advance('1 h');
  console.log(exchanges, report, variables);
}

const mock = await start({ binary: 'b', config: 'c', seed: 's', args: ['--diagnosis', 'off'], timeout: 1 });
await use(mock).catch((error) => {
  if (error instanceof MockError) console.log(error.status, error.body.message, error.message);
  if (error instanceof AssertionError) console.log(error.expected, error.actual);
});
test('a', withMerchant(async (wechatpay, context) => context.diagnostic(wechatpay.url), { trust: 'both' }));
const forJest: () => Promise<void> = jestMerchant(use);
vitest('b', async ({ wechatpay, merchantOptions }) => console.log(forJest, wechatpay.url, merchantOptions.trust));
