import { afterAll, test as base } from 'vitest';
import shared from './lib/with-merchant.js';

afterAll(shared.stop);

export const test = base.extend({
  merchantOptions: {},
  wechatpay: async ({ merchantOptions, task, onTestFailed }, use) => {
    const wechatpay = await shared.merchant(merchantOptions);
    onTestFailed(async () => {
      const report = await wechatpay.report();
      for (const error of task.result?.errors ?? []) shared.explained(error, report);
    });
    await use(wechatpay);
    await wechatpay.close();
  },
});
