import type { Revision } from "./source.ts";

/** What several sources are at together. */
export function jointRevision(parts: readonly string[]): Revision {
  const text = parts.join(",");
  return { text, commit: text, refName: null, parts };
}
