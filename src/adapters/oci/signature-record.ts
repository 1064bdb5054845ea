import type { ArtifactSignatures } from "#core/source/artifact-signatures.ts";

/** Signatures as a text. */
export function signatureRecord({ bundles, payloads, envelopes, ...about }: ArtifactSignatures): string {
  return JSON.stringify({
    ...about,
    bundles: bundles.map(base64),
    payloads: payloads.map(({ payload, annotations }) => ({ payload: base64(payload), annotations })),
    envelopes: envelopes.map(({ mediaType, content }) => ({ mediaType, content: base64(content) })),
  });
}

/** The signatures in such a text; undefined when it is damaged. */
export function recordedSignatures(text: string): ArtifactSignatures | undefined {
  try {
    const { bundles, payloads, envelopes, ...about } = JSON.parse(text) as Written;
    return {
      ...about,
      bundles: bundles.map(bytes),
      payloads: payloads.map(({ payload, annotations }) => ({ payload: bytes(payload), annotations })),
      envelopes: envelopes.map(({ mediaType, content }) => ({ mediaType, content: bytes(content) })),
    };
  } catch {
    // Whatever is wrong with it, the registry tells it again.
    return undefined;
  }
}

interface Written extends Omit<ArtifactSignatures, "bundles" | "payloads" | "envelopes"> {
  readonly bundles: readonly string[];
  readonly payloads: readonly { readonly payload: string; readonly annotations: Readonly<Record<string, string>> }[];
  readonly envelopes: readonly { readonly mediaType: string; readonly content: string }[];
}

function base64(content: Uint8Array): string {
  return Buffer.from(content).toString("base64");
}

function bytes(text: string): Uint8Array {
  return Buffer.from(text, "base64");
}
