import type { FieldSet } from "#core/resource/field-set.ts";

/** A place where the live object is not as declared. */
export interface Difference {
  /** JSON pointer into the live object, or into the desired one for what the live one lacks. */
  readonly path: string;
  /** The place as elements of field sets, as far as they are known: tells whose field it is. */
  readonly elements: readonly string[];
  /** JSON pointer of the same place in the desired object. */
  readonly desiredPath: string;
  /** False when the server may regard both as the same. */
  readonly certain: boolean;
  readonly desired: unknown;
  readonly live: unknown;
}

/** What the differences are computed with. */
export interface Comparison {
  /** What our manager owns; null compares values only, whoever owns them. */
  readonly owned: FieldSet | null;
  /** What everybody else owns. */
  readonly others: FieldSet;
}

/** One pair of values on the way down both objects. */
export interface Place {
  readonly desired: unknown;
  readonly live: unknown;
  readonly owned: FieldSet | null;
  readonly path: string;
  readonly desiredPath: string;
  readonly elements: readonly string[];
  /** Members that identify a list item: they are equal or it is another item, whoever owns them. */
  readonly keys?: readonly string[];
}

/** The comparison and where its findings go. */
export interface Findings extends Comparison {
  readonly found: Difference[];
}

/** Records that a place differs. */
export function report(place: Place, findings: Findings, certain: boolean): void {
  const { path, elements, desiredPath, desired, live } = place;
  findings.found.push({ path, elements, desiredPath, certain, desired, live });
}
