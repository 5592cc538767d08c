// The life of a member card, from its template to its end: what one call makes, the others show, change and refuse.
import assert from 'node:assert/strict';

import { fails, isResponse } from './fails.js';
import { check } from './tap.js';

const cards = 'v3/marketing/membercard-open/cards';
const code = '1000200030004';

const template = {
  out_request_no: 'node-template',
  appid: 'wxea9c30890f48d5ae',
  brand: { brand_id: '1004', display_name: '微信支付' },
  title: '微信支付测试卡',
  logo_url: 'https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/0',
  background_picture_url: 'https://wxpaylogo.qpic.cn/wxpaylogo/xxxxx/0',
  description: '使用本会员卡表示你同意本店的协议',
  code_type: 'BAR_CODE',
  code_mode: 'MERCHANT_DEPOSIT',
  total_quantity: 100,
  date_information: {
    type: 'FIX_TIME_RANGE',
    available_begin_time: '2020-05-20T13:29:35+08:00',
    available_end_time: '2030-05-20T13:29:35+08:00',
  },
};

const cardIsInvalid = isResponse(400, 'INVALID_REQUEST', '用户会员卡无效');
const templateIsInvalid = isResponse(400, 'INVALID_REQUEST', '会员卡ID无效');

export async function checkMemberCard(client) {
  let card;
  let member;

  const shown = async (path) => (await client.chain(path).get()).data;
  const isListed = async () => {
    const { data } = await client.chain(cards).get({ params: { offset: 0, limit: 10 } });
    return data.data.some(({ card_id: id }) => card === `${cards}/${id}`);
  };
  const addPoints = (number, points) => (
    client.chain(`${member}/rights`).patch({ out_request_no: `node-${number}`, add_bonus_value: points })
  );

  await check('a card template is made, shown and listed', async () => {
    const { data } = await client.chain(cards).post(template);
    card = `${cards}/${data.card_id}`;
    member = `${card}/codes/${code}`;
    const { title, status } = await shown(card);
    assert.deepEqual([title, status, await isListed()], [template.title, 'APPROVED', true]);
  });

  await check("a template's rights are set", async () => {
    const bonus = { init_bonus: 100, bonus_value_word: '积分', bonus_cost_word: '抵扣' };
    const { status } = await client.chain(`${card}/rights`).patch({ show_bonus: true, show_favor: false, bonus });
    assert.equal(status, 204);
  });

  await check('a code is deposited once, as a card that is not activated and has the points that the rights say', async () => {
    for (const result of ['SUCCESS', 'DUPLICATE']) {
      const { data } = await client.chain(`${card}/codes/deposit`).post({ code: [code] });
      assert.deepEqual(data.data, [{ code, result }]);
    }
    const { user_card_status: status, bonus_value: points } = await shown(member);
    assert.deepEqual([status, points], ['NOT_ACTIVATE', 100]);
    await fails(addPoints('too-early', 50), cardIsInvalid);
  });

  await check("a user's card is activated", async () => {
    const { status } = await client.chain(`${member}/activate`).post({ membership_number: '316510891298' });
    const { user_card_status: state, membership_number: number } = await shown(member);
    assert.deepEqual([status, state, number], [204, 'EFFECTIVE', '316510891298']);
  });

  await check("an activated card's rights and level are set", async () => {
    await addPoints('earned', 50);
    await addPoints('spent', -30);
    await client.chain(member).patch({ out_request_no: 'node-level', level: '钻石会员' });
    const { bonus_value: points, level } = await shown(member);
    assert.deepEqual([points, level], [120, '钻石会员']);
  });

  await check('a card that was made unavailable is refused', async () => {
    await client.chain(`${member}/unavailable`).post({ reason: '用户违反会员条例' });
    assert.equal((await shown(member)).user_card_status, 'UNAVAILABLE');
    await fails(addPoints('unavailable', 1), cardIsInvalid);
  });

  await check("a deleted template's cards are refused", async () => {
    await client.chain(card).delete();
    assert.deepEqual([(await shown(card)).status, await isListed()], ['DELETED', false]);
    await fails(addPoints('deleted', 1), templateIsInvalid);
  });
}
