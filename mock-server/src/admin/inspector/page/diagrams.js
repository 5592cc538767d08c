// What kinds of documents there are, and how those with states get from one to the next. From the documentation and from what the mock
// does (mock-server/src/operations/).

/** @import { Text } from './i18n.js' */
/** @import { Box, Move } from './types.js' */

/** What a person looks for, first; every other kind comes after these. @type {{ [kind: string]: Text }} */
export const KINDS = {
  order: ['Orders', '支付订单'],
  combined_order: ['Combined orders', '合单订单'],
  refund: ['Refunds', '退款单'],
  transfer: ['Transfers', '转账单'],
  transfer_authorization: ['Transfer authorizations', '转账授权'],
  transfer_batch: ['Transfer batches', '转账批次'],
  profit_sharing: ['Profit sharing', '分账单'],
  profit_sharing_return: ['Sharing returns', '分账回退单'],
  profit_sharing_receiver: ['Sharing receivers', '分账接收方'],
  service_order: ['Pay score orders', '支付分订单'],
  service_permission: ['Pay score permissions', '支付分授权'],
  member_card: ['Members', '会员'],
  card: ['Card templates', '会员卡模板'],
  balance: ['Balance', '余额变动'],
};

/** Fields that name other documents, and the kind of these. @type {{ [kind: string]: [field: string, kind: string][] }} */
export const RELATED = {
  order: [['combined', 'combined_order']],
  combined_order: [['orders', 'order']],
  refund: [['order', 'order']],
  transfer: [['authorization', 'transfer_authorization']],
  transfer_authorization: [['transfer', 'transfer']],
  profit_sharing: [['order', 'order']],
  profit_sharing_return: [['order', 'order'], ['sharing', 'profit_sharing']],
};

/** What makes a document go on. @type {{ [name: string]: Text }} */
const BY = {
  accepted: ['accepted', '受理'],
  again: ['user opens again', '用户再次开启'],
  approval: ['needs approval', '待审批'],
  authorised: ['authorised before', '已免确认授权'],
  cancels: ['merchant cancels', '商户撤销'],
  closes: ['closed, or 7 days', '关单或 7 天'],
  completes: ['merchant completes', '商户完结'],
  confirms: ['user confirms', '用户确认'],
  deposited: ['code deposited', '导入卡号'],
  done: ['done', '处理完成'],
  ended: ['ended by either', '任一方解除'],
  fails: ['fails', '处理失败'],
  imported: ['imported', '导入会员'],
  locked: ['money locked', '资金锁定'],
  month: ['30 days', '30 天'],
  opens: ['user opens', '用户开启'],
  ordered: ['ordered', '下单'],
  other: ['other account', '异常退款'],
  overdue: ['declined, or 24 h', '拒绝或 24 小时'],
  password: ['asked for password', '输入密码'],
  paid: ['paid', '收款完成'],
  pays: ['user pays', '用户支付'],
  refunds: ['first refund', '首次退款'],
  reversed: ['reversed', '撤销'],
  unapproved: ['not approved', '未审批'],
  unavailable: ['made unavailable', '设为失效'],
  unordered: ['closed unordered', '未下单先关单'],
  unusable: ['account unusable', '账户异常'],
  week: ['7 days', '7 天'],
  zero: ['completed at 0', '0 元完结'],
};

/**
 * The layout of each machine: rows of states, `.` where there is none. And its moves: `from>to by`, with no `from` where it begins.
 * @type {{ [kind: string]: [layout: string, moves: string] }}
 */
const MACHINES = {
  order: [
    '. NOTPAY|CLOSED SUCCESS|. REFUND',
    '>NOTPAY ordered|>CLOSED unordered|NOTPAY>SUCCESS pays|NOTPAY>CLOSED closes|SUCCESS>REFUND refunds',
  ],
  code: [
    '. NOTPAY|USERPAYING . CLOSED|PAYERROR SUCCESS|. REFUND REVOKED',
    '>NOTPAY ordered|NOTPAY>SUCCESS pays|NOTPAY>USERPAYING password|NOTPAY>PAYERROR fails|NOTPAY>CLOSED week|NOTPAY>REVOKED reversed|' +
      'USERPAYING>SUCCESS pays|USERPAYING>PAYERROR fails|USERPAYING>CLOSED week|PAYERROR>REVOKED reversed|CLOSED>REVOKED reversed|' +
      'SUCCESS>REVOKED reversed|SUCCESS>REFUND refunds',
  ],
  refund: [
    '. PROCESSING|SUCCESS ABNORMAL CLOSED',
    '>PROCESSING accepted|PROCESSING>SUCCESS done|PROCESSING>ABNORMAL unusable|PROCESSING>CLOSED fails|ABNORMAL>PROCESSING other',
  ],
  transfer: [
    '. PROCESSING|. WAIT_USER_CONFIRM|TRANSFERING . CANCELING|SUCCESS FAIL CANCELLED',
    '>PROCESSING accepted|PROCESSING>WAIT_USER_CONFIRM locked|PROCESSING>TRANSFERING authorised|PROCESSING>CANCELING cancels|' +
      'WAIT_USER_CONFIRM>TRANSFERING confirms|WAIT_USER_CONFIRM>FAIL overdue|WAIT_USER_CONFIRM>CANCELING cancels|' +
      'TRANSFERING>SUCCESS done|TRANSFERING>FAIL fails|CANCELING>CANCELLED done',
  ],
  transfer_authorization: [
    '. WAIT_USER_CONFIRM|TAKING_EFFECT|. CLOSED',
    '>WAIT_USER_CONFIRM accepted|WAIT_USER_CONFIRM>TAKING_EFFECT confirms|WAIT_USER_CONFIRM>CLOSED overdue|TAKING_EFFECT>CLOSED ended',
  ],
  transfer_batch: [
    'WAIT_PAY ACCEPTED|CLOSED FINISHED',
    '>WAIT_PAY approval|>ACCEPTED accepted|WAIT_PAY>CLOSED unapproved|ACCEPTED>FINISHED done',
  ],
  profit_sharing: ['PROCESSING|FINISHED', '>PROCESSING accepted|PROCESSING>FINISHED done'],
  profit_sharing_return: ['PROCESSING|SUCCESS FAILED', '>PROCESSING accepted|PROCESSING>SUCCESS done|PROCESSING>FAILED fails'],
  service_order: [
    '. CREATED|. DOING/USER_CONFIRM EXPIRED|REVOKED DOING/MCH_COMPLETE|. . DONE',
    '>CREATED accepted|CREATED>DOING/USER_CONFIRM confirms|CREATED>REVOKED cancels|CREATED>EXPIRED month|' +
      'DOING/USER_CONFIRM>DOING/MCH_COMPLETE completes|DOING/USER_CONFIRM>REVOKED cancels|' +
      'DOING/USER_CONFIRM>DONE zero|DOING/MCH_COMPLETE>DONE paid',
  ],
  service_permission: [
    '. UNBOUNDUSER|. AVAILABLE|. UNAVAILABLE',
    '>UNBOUNDUSER accepted|UNBOUNDUSER>AVAILABLE opens|AVAILABLE>UNAVAILABLE ended|UNAVAILABLE>AVAILABLE again',
  ],
  member_card: [
    'NOT_ACTIVATE EFFECTIVE|. UNAVAILABLE',
    '>EFFECTIVE imported|>NOT_ACTIVATE deposited|NOT_ACTIVATE>EFFECTIVE opens|NOT_ACTIVATE>UNAVAILABLE unavailable|' +
      'EFFECTIVE>UNAVAILABLE unavailable|UNAVAILABLE>EFFECTIVE imported',
  ],
};

/** Where the state is, if it is not in `state` or `status`. @type {{ [kind: string]: (value: any) => string | undefined }} */
const STATES = {
  profit_sharing: (value) => (value.due === undefined ? 'FINISHED' : 'PROCESSING'),
  profit_sharing_return: (value) => (value.finished === undefined ? 'PROCESSING' : value.fail_reason ? 'FAILED' : 'SUCCESS'),
  service_order: ({ state }) =>
    ({ Confirmed: 'DOING/USER_CONFIRM', Completed: 'DOING/MCH_COMPLETE' })[/** @type {string} */ (state)] ?? String(state).toUpperCase(),
  member_card: (value) => value.card?.user_card_status,
};

/**
 * The state of a document; `undefined` if it has none.
 * @param {string} kind
 * @param {any} value
 * @returns {string | undefined}
 */
export function stateOf(kind, value) {
  if (!value || typeof value !== 'object') return undefined;
  const found = STATES[kind]?.(value) ?? named(value) ?? named(value.fields);
  return typeof found === 'string' ? found.slice(0, 64) : undefined;
}

/** @param {any} value */
function named(value) {
  const name = Object.keys(value ?? {}).find((name) => /(^|_)(state|status)$/.test(name) && typeof value[name] === 'string');
  return name && value[name];
}

/**
 * The states of a kind, and how they follow one another, as far as a document can have them.
 * @param {string} kind
 * @param {any} value
 * @returns {{ boxes: Box[], moves: Move[] }}
 */
export function diagramOf(kind, value) {
  const [layout, moves] = MACHINES[kind === 'order' && value?.prepay?.product === 'CodePay' ? 'code' : kind] ?? ['', ''];
  const boxes = layout.split('|').flatMap((line, row) => line.split(' ').map((name, column) => ({ name, column, row })));
  const unlike = kind === 'transfer' && (value?.is_confirmed_by_user === false ? 'locked' : 'authorised');
  const rows = moves.split('|').flatMap((line) => {
    const [, from = '', to = '', by = ''] = /^(.*)>(.*) (.*)$/.exec(line) ?? [];
    return to && by !== unlike ? [{ from, to, by: BY[by] ?? [by, by] }] : [];
  });
  return { boxes: boxes.filter(({ name }) => /\w/.test(name)), moves: rows };
}
