import type { TestAPI } from 'vitest';
import type { MerchantOptions, Mock } from 'wechatpay-mock';

/**
 * Vitest's `test` with the fixture `wechatpay`: a merchant for each test, on a mock that the tests of a file share. If a test
 * fails, its error says which of the merchant's requests were refused and why. The fixture `merchantOptions` sets the merchant's
 * options, in Vitest 4 and newer.
 *
 * @example test('places an order', async ({ wechatpay }) => { … });
 */
export const test: TestAPI<{ wechatpay: Mock; merchantOptions: MerchantOptions }>;
