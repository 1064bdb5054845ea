import type { Resource } from "#core/resource/resource.ts";
import type { ArtifactTrust } from "#core/source/artifact-signatures.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import type { ArtifactCheck, VerificationRequest } from "#engine/ports.ts";
import { secretName } from "../http/secret-entry.ts";
import { artifactSignatures } from "./artifact-signatures.ts";
import type { RegistryClient } from "./registry-client.ts";

const trustedRootEntry = "trusted_root.json";

/**
 * Verifies who signed an artifact; nothing where the policy asks for no signature.
 * @throws SourceError `unverified-artifact`; OciError when the registry cannot be asked
 */
export async function verifyArtifact(
  parts: { client: RegistryClient; check: ArtifactCheck },
  request: VerificationRequest,
  signal: AbortSignal,
): Promise<readonly VerifiedObject[]> {
  const { client, check } = parts;
  const { commit: digest, refName } = request;
  const trust = trustOf(request);
  const signatures = await artifactSignatures({ client, digest, provider: trust.provider }, signal);
  const answer = await check(signatures, trust, signal);
  if ("problem" in answer) {
    const name = client.nameOf(refName ?? digest);
    throw refused(`no matching signatures were found for '${name}': ${answer.problem}`);
  }
  return "ignored" in answer ? [] : [{ what: "artifact", name: digest, key: answer.key }];
}

function trustOf({ signed, keys, trustedRoot }: VerificationRequest): ArtifactTrust {
  if (!("provider" in signed)) throw new SourceError("config", "Cannot verify an artifact: only commits are signed so");
  const { provider, identities } = signed;
  const root = trustedRoot ? entriesOf(trustedRoot)[trustedRootEntry] : "";
  if (trustedRoot && !root) throw refused(`'${trustedRootEntry}' not found in secret '${secretName(trustedRoot)}'`);
  return { provider, identities, keys: keys ? entriesOf(keys) : {}, trustedRoot: root ?? "" };
}

function entriesOf(secret: Resource): Readonly<Record<string, string>> {
  return (secret["data"] ?? {}) as Readonly<Record<string, string>>;
}

function refused(message: string): SourceError {
  return new SourceError("unverified-artifact", message);
}
