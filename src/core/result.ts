/** An expected refusal is a value, not an exception. */
export type Result<T, E> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/** A successful result. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** A refused result. */
export function refused<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}

/** One thing wrong with an input: where (a field path, a file, an object) and what, in words for a person. */
export interface Problem {
  readonly path: string;
  readonly message: string;
}

/** Closes a switch over a union: the compiler proves that no case is left. */
export function assertNever(value: never): never {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
}
