/** One thing that people rely on: the tests that show it, or what is missing of it. */
export interface Row {
  /** Heading that it stands under. */
  readonly part: string;
  readonly what: string;
  /** What to know about it, or why it is refused. */
  readonly note?: string;
  /** `file: title of a test in it`; none: it is not served. */
  readonly tests: readonly string[];
}

/** Something that tests show. */
export function served(part: string, what: string, ...tests: readonly string[]): Row {
  return { part, what, tests };
}

/** The same with something to know about it. */
export function partly(row: Row, note: string): Row {
  return { ...row, note };
}

/** Something that is not served, and what becomes of it. */
export function missing(part: string, what: string, note: string): Row {
  return { part, what, note, tests: [] };
}
