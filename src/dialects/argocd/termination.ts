import type { Resource } from "#core/resource/resource.ts";
import { textAt } from "./fields.ts";

/** Names the operation that a person wants ended; upstream's way to say so is a phase in the status. */
export function terminationOf(object: Resource): string | null {
  const state = (key: string) => textAt(object["status"], "operationState", key);
  return state("phase") === "Terminating" ? `terminate:${state("startedAt")}` : null;
}
