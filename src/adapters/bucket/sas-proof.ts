import type { Proof } from "./proof.ts";

/** Shows a signature that somebody made before, as parts of the query. */
export function sasProof(signature: Readonly<Record<string, string>>): Proof {
  const { sig = "" } = signature;
  return {
    prove: ({ query, headers }) => Promise.resolve({ query: { ...query, ...signature }, headers }),
    secrets: () => (sig === "" ? [] : [sig, encodeURIComponent(sig)]),
    hint: () => "",
  };
}
