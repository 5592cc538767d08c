// What the mock's calls answer, as far as the page reads it. /__mock/openapi.json describes all of it.

export interface Summary {
  number: number;
  at: number;
  method: string;
  target: string;
  operation: string | null;
  merchant: string | null;
  authenticated: boolean;
  status: number | null;
  code: string | null;
  fault: string | null;
  diagnosis: string | null;
  warnings: number;
  microseconds: number;
  line: string;
}

export interface Header { name: string; value: string }

/** Bytes: as text if they are UTF-8, otherwise as Base64. */
export interface Body { text?: string; base64?: string; length: number; cut?: boolean }

export interface Known { name: string; english: string; chinese: string }

export interface Diagnosis {
  name: string;
  verdict: 'proven' | 'other-message' | 'unexplained' | 'not-tried';
  mistakes: (Known & { variants: string[] })[];
  difference: { line: number; name: string; expected: string; signed: string } | null;
  known: { english: string; chinese: string }[];
  hints: Known[];
  text: string;
  chinese: string;
}

export interface AttemptLine {
  number: number;
  at: number;
  callback: number;
  nth: number;
  event_type: string;
  merchant: string;
  status: number | null;
  line: string;
}

export interface Operation { id: string; method: string; path: string; family: string; summary: string }

/** What waits for its user. */
export interface Waiting {
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
export interface PaymentRequest {
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

export interface ClockState { now: number; rfc3339: string; frozen: boolean; offset: number }

export interface Rule {
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

export interface Merchant { mchid: string; serial_no: string; trust: string; made: boolean }

export interface Policy { name: string; value: string; default: string; choices: { name: string; meaning: string }[]; what: string }

export interface Checked { number: number; at: number; expectation: object | null; met: boolean; report: string }
