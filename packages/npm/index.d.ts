/** A JSON object of the mock, or for it. Its fields are those of `/__mock/openapi.json`. */
export type Json = Record<string, any>;

export interface StartOptions {
  /** Path of the program. Default: `WECHATPAY_MOCK_BINARY`, that of the platform package, or `wechatpay-mock` on `PATH`. */
  binary?: string;
  /** TOML file with merchants, keys, policies and limits. Default: the development merchant. */
  config?: string;
  /** JSON file with the initial cards and members. */
  seed?: string;
  /** More arguments for `wechatpay-mock serve`. */
  args?: string[];
  /** How long the mock may take to listen, in seconds. Default: 10. */
  timeout?: number;
}

/** A merchant's credentials, as in `GET /__mock/credentials`: the content of each file, not its name. */
export interface Credentials {
  mchid: string;
  /** The serial number of the merchant's API certificate. */
  merchant_serial: string;
  /** That certificate, PEM. */
  merchant_certificate: string;
  /** The private key that signs requests, PEM. A configured merchant's own key is not shown. */
  merchant_key: string;
  /** The APIv3 key, 32 characters. A configured merchant's own key is not shown. */
  apiv3_key: string;
  /** The ID of WeChat Pay's public key, if the merchant trusts it. */
  public_key_id: string;
  /** That key, PEM. */
  public_key: string;
  /** The serial number of the platform certificate, if the merchant trusts it. */
  platform_serial: string;
  /** That certificate, PEM. */
  platform_certificate: string;
}

/** Fields of `POST /__mock/merchants`. All are optional. */
export interface MerchantOptions {
  /** Default: one that no other merchant has. */
  mchid?: string;
  /** Which of the gateway's keys it trusts. Default: `both`. */
  trust?: 'platform-certificate' | 'public-key' | 'both';
  /** Whether it gets a private key and an APIv3 key of its own, which takes up to a second. Default: false. */
  new_key?: boolean;
  [field: string]: any;
}

/** A fault rule: one of `fault`, `error` and `latency` is required. */
export interface FaultRule {
  /** The name of a fault; `wechatpay-mock faults` lists them. */
  fault?: string;
  /** An error of your own. */
  error?: { status: number; code: string; message: string };
  /** How long the response is delayed, in milliseconds. */
  latency?: Json;
  /** To how many requests it applies. Default: all. */
  times?: number;
  /** For how many seconds of the mock's clock it applies. */
  ttl?: number;
  /** `callback` for a rule about callbacks. Default: `request`. */
  on?: 'request' | 'callback';
  /** Which requests it applies to. Default: all of the merchant's. */
  match?: Json;
  [field: string]: any;
}

/** A rule that was added. */
export interface AddedFault extends FaultRule {
  id: number;
  /** How many requests matched it, as it was added. */
  seen: number;
  /** How many of them it applied to. */
  struck: number;
  /**
   * Deletes the rule.
   * @throws {MockError} 404 if it is gone already
   */
  delete(): Promise<Json>;
}

/** Which exchanges there should be, and how many. Other fields, such as `"body./amount/total"`, are passed on. */
export interface Expectation {
  /** An `operationId`, such as `post_pay_transactions_jsapi`. */
  operation?: string;
  /** The status of the response. */
  status?: number;
  /** At least these fields in the body of the request. */
  body?: any;
  /** How many. Default: at least one. */
  times?: number | { at_least?: number; at_most?: number };
  [field: string]: any;
}

/** The first attempt to deliver a callback. */
export interface CallbackAttempt {
  /** When it was signed, in Unix seconds of the mock's clock. */
  at: number;
  /** The serial number or ID of the key that signed it. */
  serial: string;
  /** Whether the receiver took it. */
  received: boolean;
  /** The status of the receiver's response; null if there was none. */
  status: number | null;
  /** Why there was no response, or why nothing was sent. */
  reason?: string;
  response_body?: string;
  milliseconds: number;
  /** What was sent. */
  request?: { url: string; headers: [string, string][]; body: string; message: string };
  [field: string]: any;
}

/** The most important facts about a request and its response. */
export interface Exchange {
  /** Counts the exchanges of a mock from 1. */
  number: number;
  /** When the request was complete, in Unix seconds of the mock's clock. */
  at: number;
  method: string;
  /** Path and query as sent. */
  target: string;
  /** The `operationId`, if there is an operation of this path and method. */
  operation: string | null;
  /** The mchid that `Authorization` names, if there is such a merchant. */
  merchant: string | null;
  /** Whether the signature is the merchant's. */
  authenticated: boolean;
  /** The status of the response; null if a fault kept it from being sent. */
  status: number | null;
  /** The error code of the response. */
  code: string | null;
  /** The fault that applied. */
  fault: string | null;
  /** The names of the mistakes in the signature. */
  diagnosis: string | null;
  /** Its line in the log. */
  line: string;
  [field: string]: any;
}

export interface ClockState {
  /** The mock's time, in Unix seconds. */
  now: number;
  /** The same in Beijing time. */
  rfc3339: string;
  frozen: boolean;
  /** Seconds ahead of the real time; negative if behind. */
  offset: number;
}

export interface ClockOptions {
  /** `real` lets signatures keep the real time, for SDKs that take their time from the machine. */
  signatures?: 'real' | 'mock';
}

/** The clock of the mock, which all its merchants share. */
export interface Clock {
  /** The mock's time. */
  now(): Promise<ClockState>;
  /**
   * Stops the clock.
   * @param at Unix seconds, or RFC 3339. Default: now
   */
  freeze(at?: number | string | Date, options?: ClockOptions): Promise<ClockState>;
  /**
   * Moves the clock, frozen or not.
   * @param seconds whole seconds; back if negative
   */
  advance(seconds: number, options?: ClockOptions): Promise<ClockState>;
  /** Follows the real time again. */
  resume(): Promise<ClockState>;
}

/** A merchant of a mock. All calls but those of `clock` are about this merchant only, and reject with {@link MockError}. */
export interface Mock {
  /** The base URL, such as `http://127.0.0.1:8080`. */
  readonly url: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Makes another merchant of the same mock. */
  merchant(options?: MerchantOptions): Promise<Mock>;
  /**
   * Adds a fault rule.
   * @param fault the name of a fault, for the next request; or a rule
   */
  fault(fault: string | FaultRule): Promise<AddedFault>;
  /**
   * Checks what the merchant's requests were. Resolves with what `POST /__mock/verify` answers.
   * @throws {AssertionError} of node:assert, with what was expected and found, and why requests were refused
   */
  expect(expectation: Expectation): Promise<Json>;
  /**
   * Sends a callback now. Resolves with its first attempt, also if the receiver did not take it.
   * @param event an event, such as `TRANSACTION.SUCCESS`; `wechatpay-mock trigger --list` has all
   * @param options `to`, the URL, by default the merchant's notify_url; `resource`, fields that are not as in the example
   */
  trigger(event: string, options?: { to?: string; resource?: Json }): Promise<CallbackAttempt>;
  /**
   * Pays an order as its user would. Resolves with the order as a query shows it.
   * @param options `action`: `pay` (default), `cancel`, `fail`, `start` or `close`
   * @throws {MockError} 404 if there is no such order, 409 if it can't be paid
   */
  pay(outTradeNo: string, options?: { action?: 'pay' | 'cancel' | 'fail' | 'start' | 'close'; [field: string]: any }): Promise<Json>;
  /**
   * Lists the merchant's exchanges, oldest first.
   * @param filters those of `GET /__mock/exchanges`, such as `{ status: 401 }`
   */
  exchanges(filters?: Record<string, string | number | boolean>): Promise<Exchange[]>;
  /**
   * Says which requests were refused since the merchant was made or reset, and why, with the diagnosis and its fix; empty if none
   * was. Requests that name no merchant of the mock are in it, too. The fix is in Chinese if
   * `WECHATPAY_MOCK_LANG` or the locale begins with `zh`.
   */
  report(): Promise<string>;
  /** Resets the merchant's documents, exchanges, rules and callbacks. */
  reset(): Promise<void>;
  /**
   * The variables that make the SDK of a child process reach the mock, as `wechatpay-mock run` sets them. Add them to
   * `process.env`. Their files exist until `close`.
   */
  environment(): Promise<Record<string, string>>;
  /** Stops the mock if `start` started it, otherwise deletes the merchant. Resolves when it is done. */
  close(): Promise<void>;
}

/**
 * Starts a mock and waits until it listens. It ends with `close`, or with this process.
 *
 * With `WECHATPAY_MOCK_URL` set, as under `wechatpay-mock run`, it starts none: the options have no effect, and the mock there
 * gets a new merchant. `WECHATPAY_MOCK_ADMIN_TOKEN` is sent to it, if set.
 *
 * @throws {Error} if there is no program, or it does not listen in time, with what it wrote to stderr
 */
export function start(options?: StartOptions): Promise<Mock>;

/** The mock refused a call to `/__mock/`. The message has what it expected, what it found, and what it suggests. */
export class MockError extends Error {
  readonly status: number;
  /** The JSON of the response. */
  readonly body: Json;
}
