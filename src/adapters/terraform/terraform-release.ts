/** Which values of a resource are secret, or not known: true for a whole value, else marks of its members. */
export type Marks =
  true | readonly Marks[] | { readonly [member: string]: Marks | undefined } | undefined | false | null;

/** What Terraform is about to do with an instance. */
export type PendingChange = "nothing" | "create" | "update" | "replace" | "forget";

/** One instance of a `helm_release` resource, wherever it was read. */
export interface TerraformRelease {
  /** With the keys of count and for_each: `module.shop["eu"].helm_release.web[0]`. */
  readonly address: string;
  /** Without keys, as `removed` blocks name resources. */
  readonly resource: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly sensitive: Marks;
  readonly unknown: Marks;
  readonly pending: PendingChange;
  /** Terraform calls it damaged and would replace it. */
  readonly isTainted: boolean;
  /** Addresses of resources without keys. */
  readonly dependsOn: readonly string[];
  /** Whether `set` blocks have no order: so it was before version 3 of the provider. */
  readonly hasUnorderedSets: boolean;
}

/** What files of Terraform tell of releases. */
export interface TerraformReleases {
  readonly releases: readonly TerraformRelease[];
  /** What makes the answer incomplete, one sentence each. */
  readonly notes: readonly string[];
}

/** A file that is none of Terraform's, or of a version that is not known. */
export class TerraformFileError extends Error {
  override readonly name = "TerraformFileError";
}

/** Whether the value at a path is marked, by itself or with a value that holds it. */
export function isMarked(marks: Marks, ...path: readonly (string | number)[]): boolean {
  let here = marks;
  for (const step of path) {
    if (here === true || typeof here !== "object" || here === null) break;
    here = (here as Readonly<Record<string | number, Marks>>)[step];
  }
  return here === true;
}

/** Whether a value at a path, or anything in it, is marked. */
export function holdsMark(marks: Marks, ...path: readonly (string | number)[]): boolean {
  const [step, ...rest] = path;
  if (marks === true) return true;
  if (typeof marks !== "object" || marks === null) return false;
  if (step !== undefined) return holdsMark((marks as Readonly<Record<string | number, Marks>>)[step], ...rest);
  return Object.values(marks).some((mark) => holdsMark(mark));
}

/** An address without the keys of count and for_each. */
export function withoutKeys(address: string): string {
  return address.replaceAll(/\[(?:\d+|"(?:[^"\\]|\\.)*")\]/g, "");
}
