import type { Rendered } from "#core/app/rendered.ts";
import { maskSecrets } from "#core/diff/mask-secrets.ts";
import type { Resource } from "#core/resource/resource.ts";
import { ok, refused, type Result } from "#core/result.ts";
import { fieldAt, textAt } from "./fields.ts";
import type { OperationFields } from "./schema.ts";

type Sync = NonNullable<OperationFields["sync"]>;

/** What an app is like that manifests are given to. */
export interface GivenTo {
  readonly isAutomated: boolean;
  /** Whether only what somebody signed is applied. */
  readonly isSigned: boolean;
}

/** The objects that an order brings in place of what the sources declare, or why it may not; null: it brings none. */
export function givenManifests(sync: Sync, { isAutomated, isSigned }: GivenTo): Result<Rendered | null, string> {
  const { manifests = [], dryRun } = sync;
  if (manifests.length === 0) return ok(null);
  if (isAutomated && !dryRun) {
    return refused("cannot use local sync when Automatic Sync Policy is enabled unless for dry run");
  }
  if (isSigned) return refused("Cannot use local manifests when signature verification is required");
  const resources: Resource[] = [];
  for (const [at, text] of manifests.entries()) {
    const read = objectIn(text);
    if (typeof read === "string") return refused(`operation.sync.manifests[${at}]: ${read}`);
    if (read) resources.push(read);
  }
  return ok({ resources, readSet: [], renderer: null });
}

/** An order as a status repeats it: without the values of Secrets that it brings. */
export function shownOrder(operation: OperationFields): OperationFields {
  const { sync } = operation;
  if (!Array.isArray(sync?.manifests)) return operation;
  const manifests = sync.manifests.map((text: unknown) => {
    const object = typeof text === "string" ? objectIn(text) : null;
    return typeof object === "object" && object !== null ? JSON.stringify(maskSecrets(object)) : "";
  });
  return { ...operation, sync: { ...sync, manifests } };
}

/** The object that a text holds, null for none, or why it is not one: never with a part of the text, which may be secret. */
function objectIn(text: string): Resource | string | null {
  if (text.trim() === "") return null;
  let value: unknown;
  let lost = false;
  try {
    value = JSON.parse(text, (_key, member: unknown) => {
      if (typeof member === "number" && Number.isInteger(member) && !Number.isSafeInteger(member)) lost = true;
      return member;
    });
  } catch {
    return "is no JSON";
  }
  if (value === null) return null;
  if (lost) return "holds a number that is too large";
  const isNamed = textAt(fieldAt(value, "metadata"), "name") || textAt(fieldAt(value, "metadata"), "generateName");
  if (!textAt(value, "apiVersion") || !textAt(value, "kind") || !isNamed) {
    return "is no object with apiVersion, kind and metadata.name";
  }
  return value as Resource;
}
