import { sha256Hex } from "../sha256.ts";
import { cleanPath } from "../clean-path.ts";
import type { InputContent } from "./generator.ts";
import type { CopyStep } from "./generator-ref.ts";
import { namedPath } from "./generator-paths.ts";
import { plainBeginning } from "./path-glob.ts";

/** Names all that copying looks at: the steps, and what is at and below the places where they begin. */
export function copyBasis(steps: readonly CopyStep[], inputs: ReadonlyMap<string, InputContent>): string {
  const begun = steps.map(({ from }) => {
    const at = namedPath(from);
    const entry = at && inputs.get(at.name)?.tree.entry(cleanPath(plainBeginning(at.path)));
    return entry ? [entry.type, entry.digest, entry.executable === true] : null;
  });
  return sha256Hex(JSON.stringify([steps, begun]));
}
