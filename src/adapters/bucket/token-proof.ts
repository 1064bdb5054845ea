import { SourceError } from "#core/source/source-error.ts";
import type { ExpiringToken } from "#engine/cloud-identity.ts";
import type { Proof } from "./proof.ts";

/** Shows a token, which is asked for with every request: whoever gives it keeps it while it is good. */
export function tokenProof(ask: (signal: AbortSignal) => Promise<ExpiringToken>): Proof {
  let shown = "";
  return {
    async prove({ query, headers }, signal) {
      shown = (await ask(signal)).token;
      return { query, headers: { ...headers, authorization: `Bearer ${shown}` } };
    },
    secrets: () => (shown === "" ? [] : [shown]),
    hint: () => "",
  };
}

/** Asks as anybody may where nothing proves who asks, and tells why nothing does when that is refused. */
export function orNobody(proof: Proof): Proof {
  let missing = "";
  return {
    ...proof,
    async prove(request, signal) {
      try {
        missing = "";
        return await proof.prove(request, signal);
      } catch (error) {
        if (!(error instanceof SourceError)) throw error;
        missing = error.message.replace(/^Cannot /, "cannot ");
        return { query: request.query, headers: request.headers };
      }
    },
    hint: () => missing,
  };
}
