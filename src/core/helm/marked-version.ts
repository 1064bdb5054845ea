import { parseVersion } from "#core/source/version-constraint.ts";

/** A version with other build metadata; as it is written when there is none to set, undefined when it is no version. */
export function markedVersion(version: string, metadata: string): string | undefined {
  if (metadata === "") return version;
  const parsed = parseVersion(version, true);
  return parsed && `${parsed.version}+${metadata}`;
}
