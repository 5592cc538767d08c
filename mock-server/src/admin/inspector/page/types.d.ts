// What the mock's calls answer, as far as the page reads it. /__mock/openapi.json describes all of it.

export interface Summary {
  number: number;
  at: number;
  method: string;
  target: string;
  operation: string | null;
  merchant: string | null;
  serial_no?: string | null;
  authenticated: boolean;
  status: number | null;
  code: string | null;
  fault: string | null;
  diagnosis: string | null;
  warnings: number;
  microseconds: number;
  line: string;
}

/** A value that is not UTF-8 is in `base64`. */
export interface Header { name: string; value: string; base64?: string }

/** Bytes: as text if they are UTF-8, otherwise as Base64. */
export interface Body { text?: string; base64?: string; length: number; cut?: boolean; json?: unknown }

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

export interface Message { text?: string; base64?: string; cut: boolean }

export interface Exchange {
  number: number;
  replay_of?: number | null;
  at: number;
  peer: string | null;
  operation: string | null;
  merchant: string | null;
  authenticated: boolean;
  request: { method: string; target: string; version: string; headers: Header[]; body: Body };
  stages: { stage: string; verdict: 'passed' | 'refused' | 'not-reached'; microseconds: number }[];
  message: Message | null;
  checks_passed: string[];
  rejection: {
    check: number | null;
    row: string | null;
    status: number;
    code: string | null;
    standing: string;
    reason: string;
    injected: boolean;
  } | null;
  diagnosis: Diagnosis | null;
  warnings: { name: string; text: string }[];
  fault: {
    by: 'rule' | 'request-number';
    rule: number | null;
    fault: string | null;
    error: object | null;
    latency: number | null;
    applied: boolean;
  } | null;
  answer: {
    status: number | null;
    headers: Header[];
    body: Body;
    message: Message | null;
    signature: 'fresh' | 'none';
  };
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

/** An exchange (`in`), an attempt to deliver a callback (`out`), or how many of them are missing in the list (`gap`). */
export interface Entry {
  way: 'in' | 'out' | 'gap';
  /** Counts the entries of the page. */
  order: number;
  /** Of an exchange or attempt; in a gap, how many are missing. */
  number: number;
  callback?: number;
  at: number;
  method: string;
  target: string;
  operation: string | null;
  merchant: string | null;
  key?: string | null;
  status: number | null;
  code?: string | null;
  fault?: string | null;
  diagnosis?: string | null;
  warnings?: number;
  microseconds?: number;
}

export type Field = 'way' | 'status' | 'operation' | 'merchant' | 'key' | 'fault' | 'diagnosis' | 'from' | 'until' | 'text';
export type Filter = { [field in Field]?: string };
export type Values = { [name: string]: string };

/** Makes a text more general. */
export type Rewrite = (text: string) => string;

/** What the list of rows needs to know of its entries. */
export interface Rows<T> {
  label: string;
  heads: HTMLElement[];
  id: (entry: T) => string;
  /** Makes a row of as many cells as there are heads. */
  row: (entry: T) => HTMLElement;
  isChosen: (entry: T) => boolean;
  open: (entry: T) => void;
  /** Hears which place is on top. */
  scrolled: (place: number) => void;
}

/** A part of what is shown of an exchange. */
export type Part = (exchange: Exchange, trust?: string) => Node | null | false;
/** What a document became, and who made it so. */
export interface Change { number: number; at: number; exchange: number | null; by: string; value: unknown }

export interface Document { merchant: string; kind: string; key: string; version: number | null; value: unknown; changes: Change[] }

export interface Attempt {
  at: number;
  serial: string;
  received: boolean;
  status: number | null;
  reason?: string;
  fault?: string;
  milliseconds: number;
  request?: { url: string; headers: [string, string][]; body: string; message: string };
  response_body?: string;
}

export interface Callback {
  number: number;
  id: string;
  event_type: string;
  merchant: string;
  notify_url: string;
  created_at: number;
  state: 'waiting' | 'sending' | 'received' | 'given-up' | 'held';
  due_at: number | null;
  attempts: Attempt[];
  resource?: unknown;
}

// What State and Callbacks are made of.

/** A list in `rows`. */
export interface List {
  head: Element[];
  list: Element;
  rows: HTMLTableSectionElement;
  load: () => Promise<unknown>;
  /** Tells it of an event; false if that is none of its. */
  hear: (kind: string, data: any) => boolean;
}

/** What is chosen in a list. */
export interface Chosen { title: HTMLElement; parts: Element[]; load: () => Promise<unknown>; tick?: () => void }

/** From a state to the next. `from` is empty where a document begins. */
export interface Move { from: string; to: string; by: readonly [string, string] }

/** A move that a change made. */
export interface Happened extends Move { change: Change }

/** A state and its place in a diagram. */
export interface Box { name: string; column: number; row: number }
