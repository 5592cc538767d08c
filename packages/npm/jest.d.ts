import type { MerchantOptions, Mock } from 'wechatpay-mock';

/**
 * Gives a test a merchant of its own, on a mock that the tests of a file share. If the test fails, its error says which of the
 * merchant's requests were refused and why.
 *
 * @example test('places an order', withMerchant(async (wechatpay) => { … }));
 */
export function withMerchant<T>(test: (wechatpay: Mock) => T | Promise<T>, options?: MerchantOptions): () => Promise<T>;
