import type { Resource } from "#core/resource/resource.ts";
import type { ArtifactSignatures, ArtifactTrust } from "#core/source/artifact-signatures.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import type { ArtifactCheck, VerificationRequest } from "#engine/ports.ts";
import { secretName } from "../http/secret-entry.ts";
import type { SignedPlace } from "./artifact-signatures.ts";
import type { PackStore } from "../archive/pack-store.ts";
import { OciError, type OciErrorCode } from "./oci-error.ts";
import type { RegistryClient } from "./registry-client.ts";
import { recordedSignatures, signatureRecord } from "./signature-record.ts";

/** What verifying takes. */
export interface VerifyingParts {
  readonly client: RegistryClient;
  readonly store: PackStore;
  readonly check: ArtifactCheck;
  /** Reads what the registry holds of an artifact's signatures. */
  readonly read: (place: SignedPlace) => Promise<ArtifactSignatures>;
}

const away: ReadonlySet<OciErrorCode> = new Set(["failed", "timeout", "unreachable"]);
const trustedRootEntry = "trusted_root.json";

/**
 * Verifies who signed an artifact; nothing where the policy asks for no signature.
 * @throws SourceError `unverified-artifact`; OciError when the registry cannot be asked
 */
export async function verifyArtifact(
  parts: VerifyingParts,
  request: VerificationRequest,
  signal: AbortSignal,
): Promise<readonly VerifiedObject[]> {
  const { client, store, check } = parts;
  const { commit: digest, refName } = request;
  const trust = trustOf(request);
  const record = `signatures-${trust.provider}.json`;
  const signatures = await knownSignatures(parts, { client, digest, provider: trust.provider }, record);
  const answer = await check(signatures, trust, signal);
  if ("problem" in answer) {
    const name = client.nameOf(refName ?? digest);
    throw refused(`no matching signatures were found for '${name}': ${answer.problem}`);
  }
  await store.note(digest, record, signatureRecord(signatures));
  return "ignored" in answer ? [] : [{ what: "artifact", name: digest, key: answer.key }];
}

/** Those in the registry; while it cannot be asked, those that held before, of which the trust is asked again. */
async function knownSignatures(
  { store, read }: VerifyingParts,
  place: SignedPlace,
  record: string,
): Promise<ArtifactSignatures> {
  try {
    return await read(place);
  } catch (error) {
    if (!(error instanceof OciError) || !away.has(error.code)) throw error;
    const text = await store.noted(place.digest, record);
    const known = text === undefined ? undefined : recordedSignatures(text);
    if (known?.digest === place.digest) return known;
    throw error;
  }
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
