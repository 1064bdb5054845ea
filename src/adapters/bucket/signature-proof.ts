import { type AccessKeys, signedHeaders } from "../http/aws-signature.ts";
import type { Proof } from "./proof.ts";

/** Signs requests (AWS version 4) for a region, and for another one when the server says that the bucket is there. */
export function signatureProof(keys: (signal: AbortSignal) => Promise<AccessKeys>, region: string): Proof {
  let signedFor = region;
  let used: AccessKeys | undefined;
  return {
    async prove({ host, path, query, headers }, signal) {
      used = await keys(signal);
      const scope = { service: "s3", region: signedFor, at: new Date() };
      return { query, headers: signedHeaders({ method: "GET", host, path, query, headers }, used, scope) };
    },
    learn({ status, region: told }) {
      if (told === "" || told === signedFor || (status !== 400 && status !== 403)) return false;
      signedFor = told;
      return true;
    },
    secrets: () =>
      used === undefined ? [] : [used.key, used.id, ...(used.session === undefined ? [] : [used.session])],
    hint: () => "",
  };
}
