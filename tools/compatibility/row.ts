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
