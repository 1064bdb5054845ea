import { SourceError } from "#core/source/source-error.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import type { SignatureCheck, VerificationRequest } from "#engine/ports.ts";
import { signedCommit, signedTag } from "./signed-object.ts";
import type { SignedObject } from "./signed-object.ts";

/** Where the objects of a repository are read. */
export interface SignedObjects {
  commit(hash: string, signal: AbortSignal): Promise<Uint8Array>;
  /** The annotated tag that a reference stands for, if it is one. */
  tag(refName: string, signal: AbortSignal): Promise<{ readonly hash: string; readonly bytes: Uint8Array } | null>;
}

/** Verifies who signed a commit, the tag that names it, or both. @throws SourceError */
export async function verifyCommit(
  parts: { objects: SignedObjects; check: SignatureCheck },
  request: VerificationRequest,
  signal: AbortSignal,
): Promise<readonly VerifiedObject[]> {
  const { objects, check } = parts;
  const { signed } = request;
  if ("provider" in signed) throw new SourceError("config", "Cannot verify a commit: only artifacts are signed so");
  const keys = (request.keys?.["data"] ?? {}) as Readonly<Record<string, string>>;
  const verified: VerifiedObject[] = [];
  if (signed.tagFirst && (await annotatedTag(objects, request, signal))) {
    return [await verifyTag({ objects, check, keys }, request, signal)];
  }
  if (signed.tag) verified.push(await verifyTag({ objects, check, keys }, request, signal));
  if (signed.commit) {
    const { commit } = request;
    const object = signedCommit(await objects.commit(commit, signal));
    const answer = await checked({ check, keys }, object, signal);
    if ("problem" in answer) throw refused("unverified-commit", `commit '${commit}'`, answer.problem);
    verified.push({ what: "commit", name: commit, key: answer.key });
  }
  return verified;
}

async function annotatedTag(
  objects: SignedObjects,
  { refName }: VerificationRequest,
  signal: AbortSignal,
): Promise<boolean> {
  return refName?.startsWith("refs/tags/") === true && (await objects.tag(refName, signal)) !== null;
}

async function verifyTag(
  { objects, check, keys }: { objects: SignedObjects; check: SignatureCheck; keys: Readonly<Record<string, string>> },
  { commit, refName }: VerificationRequest,
  signal: AbortSignal,
): Promise<VerifiedObject> {
  if (!refName?.startsWith("refs/tags/")) {
    const message = "cannot verify tag object's signature if a tag reference is not specified";
    throw new SourceError("no-tag", message);
  }
  const short = refName.slice("refs/tags/".length);
  const found = await objects.tag(refName, signal);
  const tag = found && signedTag(found.bytes);
  const name = `${short}@${found?.hash ?? commit}`;
  if (!tag || tag.signature === null) {
    throw new SourceError("unsigned-tag", `cannot verify signature of tag '${name}' since it is not signed`);
  }
  if (tag.type !== "commit" || tag.object !== commit)
    throw refused("unverified-tag", `tag '${name}'`, "it is for another object");
  if (tag.name !== short) throw refused("unverified-tag", `tag '${name}'`, "it was signed under another name");
  const answer = await checked({ check, keys }, tag, signal);
  if ("problem" in answer) throw refused("unverified-tag", `tag '${name}'`, answer.problem);
  return { what: "tag", name, key: answer.key };
}

async function checked(
  { check, keys }: { check: SignatureCheck; keys: Readonly<Record<string, string>> },
  { payload, signature }: SignedObject,
  signal: AbortSignal,
): ReturnType<SignatureCheck> {
  return signature === null ? { problem: "it is not signed" } : check({ payload, signature, keys }, signal);
}

function refused(kind: "unverified-commit" | "unverified-tag", what: string, problem: string): SourceError {
  return new SourceError(kind, `signature verification of ${what} failed: ${problem}`);
}
