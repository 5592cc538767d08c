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

export interface Clock { now: number; rfc3339: string; frozen: boolean; offset: number }

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
