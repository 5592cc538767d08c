import type { TestContext } from 'node:test';
import type { MerchantOptions, Mock } from 'wechatpay-mock';

/**
 * Gives a test a merchant of its own, on a mock that the tests of a file share. If the test fails, its error says which of the
 * merchant's requests were refused and why.
 *
 * @example test('places an order', withMerchant(async (wechatpay, t) => { … }));
 */
export function withMerchant(
  test: (wechatpay: Mock, context: TestContext) => void | Promise<void>,
  options?: MerchantOptions,
): (context: TestContext) => Promise<void>;
