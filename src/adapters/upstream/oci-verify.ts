import type { ArtifactCheck } from "#engine/ports.ts";
import type { HelperPool } from "./helper-pool.ts";
import { noFiles } from "./no-files.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Checks signatures of cosign and notation by a helper that is started when there is one to check. */
export function ociVerify(pool: () => HelperPool): ArtifactCheck {
  return async ({ bundles, payloads, envelopes, ...about }, trust, signal) => {
    const input = {
      ...about,
      ...trust,
      bundles: bundles.map(base64),
      payloads: payloads.map(({ payload, annotations }) => ({ payload: base64(payload), annotations })),
      envelopes: envelopes.map(({ mediaType, content }) => ({ mediaType, content: base64(content) })),
    };
    try {
      const request = { op: "oci.verify", input, attachments: [], answer: noFiles };
      return (await pool().request(request, signal)) as { key: string } | { ignored: true };
    } catch (error) {
      if (error instanceof UpstreamError && error.code === "unverified") return { problem: error.message };
      throw error;
    }
  };
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64");
}
