// Types that the views of the phone and the controls share. Global, so that their modules, which are embedded, need not import them.

import type { Child } from './dom.js';

declare global {
  type Words = readonly [english: string, chinese: string];
  type Parts = (Child | Child[])[];
  type Ending = () => void;

  /** One part of the controls. */
  interface Control { element: HTMLElement; refresh?: () => Promise<unknown>; stop?: Ending }

  /** What waits for its user. */
  interface Waiting {
    merchant: string;
    kind: string;
    out_trade_no?: string;
    out_bill_no?: string;
    out_authorization_no?: string;
    out_order_no?: string;
    authorization_code?: string;
    trade_type?: string;
    description: string;
    amount?: { total: number; currency: string };
    state: string;
    expires_at?: number;
    code_url?: string;
    h5_url?: string;
    is_combined: boolean;
  }

  /** What a client said to a front end. */
  interface PaymentRequest {
    number: number;
    at: number;
    call: string;
    merchant: string | null;
    ok: boolean;
    errMsg: string;
    message: string | null;
    chinese: string | null;
    order: string | null;
  }

  interface ClockState { now: number; rfc3339: string; frozen: boolean; offset: number }

  interface Rule {
    id: number;
    on?: 'request' | 'callback';
    fault?: string;
    error?: { status: number; code: string; message: string };
    latency?: unknown;
    milliseconds?: number;
    times?: number;
    match?: { [name: string]: unknown };
    seen: number;
    struck: number;
    ends_at?: number;
  }

  interface Merchant { mchid: string; serial_no: string; trust: string; made: boolean }

  interface Policy { name: string; value: string; default: string; choices: { name: string; meaning: string }[]; what: string }

  /** An expectation that was checked; null if it is too long. */
  interface Checked { number: number; at: number; expectation: object | null; met: boolean; report: string }
}
