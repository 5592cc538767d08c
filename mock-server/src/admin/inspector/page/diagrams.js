// What kinds of documents there are, and how those with states get from one to the next. From the documentation and from what the mock
// does (mock-server/src/operations/).

/** @typedef {import('./i18n.js').Text} Text */
/** `from` is empty where a document begins. @typedef {{ from: string, to: string, by: Text }} Move */
/**
 * `boxes` are the places of the states: rows from top to bottom, each from left to right.
 * @typedef {{ boxes: [state: string, column: number, row: number][], moves: Move[], state: (value: any) => string | undefined }} Diagram
 */
/** @typedef {[from: string, to: string, by: Text, applies?: (value: any) => boolean]} Row */

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

/** Documents that a document names: the field, and their kind. @type {{ [kind: string]: [field: string, kind: string][] }} */
export const RELATED = {
  order: [['combined', 'combined_order']],
  combined_order: [['orders', 'order']],
  refund: [['order', 'order']],
  transfer: [['authorization', 'transfer_authorization']],
  transfer_authorization: [['transfer', 'transfer']],
  profit_sharing: [['order', 'order']],
  profit_sharing_return: [['order', 'order'], ['sharing', 'profit_sharing']],
};

/** @type {Text} */
const REQUEST = ['ordered', '下单'];
/** @type {Text} */
const REVERSED = ['reversed', '撤销'];
/** @type {Text} */
const CLOSED = ['closed, or 7 days', '关单或 7 天'];
/** @type {Text} */
const CANCELS = ['merchant cancels', '商户撤销'];
/** @type {Text} */
const CONFIRMS = ['user confirms', '用户确认'];
/** @type {Text} */
const OVERDUE = ['declined, or 24 h', '拒绝或 24 小时'];
/** @type {Text} */
const ENDS = ['done', '处理完成'];
/** @type {Text} */
const FAILS = ['fails', '处理失败'];
/** @type {Text} */
const PAYS = ['user pays', '用户支付'];
/** @type {Text} */
const REFUNDS = ['first refund', '首次退款'];
const CODE = 'order by code';

/** The layout of each machine: rows of states, `.` where there is none. And its moves. @type {{ [kind: string]: [layout: string, moves: Row[]] }} */
const MACHINES = {
  order: ['. NOTPAY|CLOSED SUCCESS|. REFUND', [
    ['', 'NOTPAY', REQUEST],
    ['', 'CLOSED', ['closed unordered', '未下单先关单'], (value) => value?.fields === null],
    ['NOTPAY', 'SUCCESS', PAYS],
    ['NOTPAY', 'CLOSED', CLOSED],
    ['SUCCESS', 'REFUND', REFUNDS],
  ]],
  [CODE]: ['. NOTPAY|USERPAYING . CLOSED|PAYERROR SUCCESS|. REFUND REVOKED', [
    ['', 'NOTPAY', REQUEST],
    ['NOTPAY', 'SUCCESS', PAYS],
    ['NOTPAY', 'USERPAYING', ['asked for password', '输入密码']],
    ['NOTPAY', 'PAYERROR', FAILS],
    ['NOTPAY', 'CLOSED', ['7 days', '7 天']],
    ['NOTPAY', 'REVOKED', REVERSED],
    ['USERPAYING', 'SUCCESS', PAYS],
    ['USERPAYING', 'PAYERROR', FAILS],
    ['USERPAYING', 'CLOSED', ['7 days', '7 天']],
    ['PAYERROR', 'REVOKED', REVERSED],
    ['CLOSED', 'REVOKED', REVERSED],
    ['SUCCESS', 'REVOKED', REVERSED],
    ['SUCCESS', 'REFUND', REFUNDS],
  ]],
  refund: ['. PROCESSING|SUCCESS ABNORMAL CLOSED', [
    ['', 'PROCESSING', ['accepted', '受理']],
    ['PROCESSING', 'SUCCESS', ENDS],
    ['PROCESSING', 'ABNORMAL', ['account unusable', '账户异常']],
    ['PROCESSING', 'CLOSED', ['closed', '关闭']],
    ['ABNORMAL', 'PROCESSING', ['other account', '异常退款']],
  ]],
  transfer: ['. PROCESSING|. WAIT_USER_CONFIRM|TRANSFERING . CANCELING|SUCCESS FAIL CANCELLED', [
    ['', 'PROCESSING', ['accepted', '受理']],
    ['PROCESSING', 'WAIT_USER_CONFIRM', ['money locked', '资金锁定'], (value) => value?.is_confirmed_by_user !== false],
    ['PROCESSING', 'TRANSFERING', ['authorised before', '已免确认授权'], (value) => value?.is_confirmed_by_user === false],
    ['PROCESSING', 'CANCELING', CANCELS],
    ['WAIT_USER_CONFIRM', 'TRANSFERING', CONFIRMS],
    ['WAIT_USER_CONFIRM', 'FAIL', OVERDUE],
    ['WAIT_USER_CONFIRM', 'CANCELING', CANCELS],
    ['TRANSFERING', 'SUCCESS', ENDS],
    ['TRANSFERING', 'FAIL', FAILS],
    ['CANCELING', 'CANCELLED', ENDS],
  ]],
  transfer_authorization: ['. WAIT_USER_CONFIRM|TAKING_EFFECT|. CLOSED', [
    ['', 'WAIT_USER_CONFIRM', ['applied for', '申请']],
    ['WAIT_USER_CONFIRM', 'TAKING_EFFECT', CONFIRMS],
    ['WAIT_USER_CONFIRM', 'CLOSED', OVERDUE],
    ['TAKING_EFFECT', 'CLOSED', ['ended by either', '任一方解除']],
  ]],
  transfer_batch: ['WAIT_PAY ACCEPTED|CLOSED FINISHED', [
    ['', 'WAIT_PAY', ['needs approval', '待审批']],
    ['', 'ACCEPTED', ['accepted', '受理']],
    ['WAIT_PAY', 'CLOSED', ['not approved', '未审批']],
    ['ACCEPTED', 'FINISHED', ENDS],
  ]],
  profit_sharing: ['PROCESSING|FINISHED', [
    ['', 'PROCESSING', ['requested', '请求分账']],
    ['PROCESSING', 'FINISHED', ENDS],
  ]],
  profit_sharing_return: ['PROCESSING|SUCCESS FAILED', [
    ['', 'PROCESSING', ['requested', '请求回退']],
    ['PROCESSING', 'SUCCESS', ENDS],
    ['PROCESSING', 'FAILED', FAILS],
  ]],
  service_order: ['. CREATED|REVOKED DOING/USER_CONFIRM EXPIRED|. DOING/MCH_COMPLETE|DONE', [
    ['', 'CREATED', ['created', '创建']],
    ['CREATED', 'DOING/USER_CONFIRM', CONFIRMS],
    ['CREATED', 'REVOKED', CANCELS],
    ['CREATED', 'EXPIRED', ['30 days', '30 天']],
    ['DOING/USER_CONFIRM', 'DOING/MCH_COMPLETE', ['merchant completes', '商户完结']],
    ['DOING/USER_CONFIRM', 'REVOKED', CANCELS],
    ['DOING/USER_CONFIRM', 'DONE', ['completed at 0', '0 元完结']],
    ['DOING/MCH_COMPLETE', 'DONE', ['paid', '收款完成']],
  ]],
  service_permission: ['UNBOUNDUSER|AVAILABLE|UNAVAILABLE', [
    ['', 'UNBOUNDUSER', ['applied for', '预授权']],
    ['UNBOUNDUSER', 'AVAILABLE', ['user opens', '用户开启']],
    ['AVAILABLE', 'UNAVAILABLE', ['ended by either', '任一方解除']],
    ['UNAVAILABLE', 'AVAILABLE', ['user opens again', '用户再次开启']],
  ]],
  member_card: ['NOT_ACTIVATE|EFFECTIVE|UNAVAILABLE EXPIRE DELETE', [
    ['', 'NOT_ACTIVATE', ['code deposited', '导入卡号']],
    ['', 'EFFECTIVE', ['imported', '导入会员']],
    ['NOT_ACTIVATE', 'EFFECTIVE', ['activated', '激活']],
    ['NOT_ACTIVATE', 'UNAVAILABLE', ['made unavailable', '设为失效']],
    ['EFFECTIVE', 'UNAVAILABLE', ['made unavailable', '设为失效']],
    ['UNAVAILABLE', 'EFFECTIVE', ['imported again', '重新导入']],
  ]],
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
  return typeof found === 'string' ? found : undefined;
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
 * @returns {Diagram}
 */
export function diagramOf(kind, value) {
  const isByCode = kind === 'order' && value?.prepay?.product === 'CodePay';
  const [layout, rows] = MACHINES[isByCode ? CODE : kind] ?? ['', []];
  /** @type {Diagram['boxes']} */
  const boxes = [];
  layout.split('|').forEach((line, row) => {
    line.split(' ').forEach((state, column) => void (/\w/.test(state) && boxes.push([state, column, row])));
  });
  const moves = rows.filter(([, , , applies]) => !applies || applies(value)).map(([from, to, by]) => ({ from, to, by }));
  return { boxes, moves, state: (value) => stateOf(kind, value) };
}
