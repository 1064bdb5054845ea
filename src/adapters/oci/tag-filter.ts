import { parsePattern } from "#core/policy/pattern.ts";
import { OciError } from "./oci-error.ts";

/** The tags that a regular expression matches somewhere. @throws OciError `invalid-ref` when it is none or too long */
export function filteredTags(pattern: string, tags: readonly string[]): readonly string[] {
  const parsed = parsePattern(pattern);
  if (parsed) return tags.filter((tag) => parsed.finds(tag));
  const shown = JSON.stringify(pattern.slice(0, 80));
  throw new OciError("invalid-ref", `Cannot filter tags by ${shown}: it is no regular expression`);
}
