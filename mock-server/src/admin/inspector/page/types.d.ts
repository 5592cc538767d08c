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
