import { afterAll, test as base } from 'vitest';
import shared from './lib/with-merchant.js';

afterAll(shared.stop);

export const test = base.extend({
  merchantOptions: {},
  wechatpay: async ({ merchantOptions, task }, use) => {
    const wechatpay = await shared.merchant(merchantOptions);
    await use(wechatpay);
    const errors = task.result?.errors ?? [];
    const report = errors.length > 0 && (await shared.reportOf(wechatpay));
    for (const error of errors) shared.explained(error, report);
    await wechatpay.close();
  },
});
