import type { HelperPool } from "./helper-pool.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Which Go and which library versions the helper was built with. */
export interface HelperVersion {
  readonly go: string;
  readonly libraries: Readonly<Record<string, string>>;
}

/** Asks the helper what it is made of. */
export async function helperVersion(pool: HelperPool, signal: AbortSignal): Promise<HelperVersion> {
  const answer = () =>
    Promise.reject(new UpstreamError({ code: "died", message: "the helper asks for a file to tell its version" }));
  return (await pool.request({ op: "version", input: {}, answer }, signal)) as HelperVersion;
}
