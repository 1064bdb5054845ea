import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import { type GitRef, revisionText } from "#core/source/git-ref.ts";
import {
  type Revision,
  type Source,
  type SourceInclude,
  sourceObjectKey,
  type Verification,
} from "#core/source/source.ts";
import { cloudOf } from "./cloud-of.ts";
import { checkSpec } from "./check-spec.ts";
import { type GitRepositorySpec, gitRepositorySpec } from "./git-repository-schema.ts";
import { parseRevision } from "./restore.ts";
import { sourceBasics } from "./source-basics.ts";
import { unsupportedInGitRepository } from "./unsupported.ts";

/** Parses a GitRepository into a source; never throws. */
export function parseGitRepository(object: Resource): Result<Source, readonly Problem[]> {
  const checked = checkSpec(gitRepositorySpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const problems: Problem[] = [...unsupportedInGitRepository(spec)];
  const basics = sourceBasics(object, spec, problems);
  if (problems.length > 0) return refused(problems);
  const namespace = object.metadata.namespace ?? "";
  return ok({
    ...basics,
    ...(spec.sparseCheckout?.length && { sparse: spec.sparseCheckout }),
    ...(spec.include?.length && { includes: spec.include.map((include) => includeOf(namespace, include)) }),
    ...(spec.verify && { verification: verificationOf(namespace, spec.verify) }),
    ref: refOf(spec),
    remote: {
      kind: "git",
      ...(spec.recurseSubmodules && { submodules: true }),
      ...(spec.provider === "github" && { githubApp: true }),
      ...cloudOf(spec),
    },
    ...(spec.serviceAccountName && { account: { namespace, name: spec.serviceAccountName } }),
    secrets: {
      ...(spec.secretRef && { credential: { namespace, name: spec.secretRef.name } }),
      ...(spec.proxySecretRef && { proxy: { namespace, name: spec.proxySecretRef.name } }),
    },
    recorded: parseRevision(textAt(object, ["status", "artifact", "revision"])),
  });
}

/** How a commit is written in a status, e.g. `main@sha1:<hash>`. */
export function gitRevision(ref: GitRef, commit: string, refName: string | null): Revision {
  return { text: revisionText(ref, { commit, refName }), commit, refName };
}

function includeOf(namespace: string, include: NonNullable<GitRepositorySpec["include"]>[number]): SourceInclude {
  const { name } = include.repository;
  const source = sourceObjectKey("GitRepository", namespace, name);
  return { source, name, from: include.fromPath ?? "", to: include.toPath || name };
}

/** The mode of a verification as the status tells it: without one it is HEAD. */
export function verificationMode(mode: string | undefined): string {
  return !mode || mode === "head" ? "HEAD" : mode;
}

function verificationOf(namespace: string, verify: NonNullable<GitRepositorySpec["verify"]>): Verification {
  const mode = verificationMode(verify.mode);
  return { commit: mode !== "Tag", tag: mode !== "HEAD", keys: { namespace, name: verify.secretRef.name } };
}

/** Commit wins over name, name over semver, semver over tag, tag over branch. */
function refOf(spec: GitRepositorySpec): GitRef {
  const ref = spec.ref ?? {};
  if (ref.commit) return { kind: "commit", value: ref.commit };
  if (ref.name) return { kind: "name", value: ref.name };
  if (ref.semver) return { kind: "semver", value: ref.semver };
  if (ref.tag) return { kind: "tag", value: ref.tag };
  return { kind: "branch", value: ref.branch || "master" };
}
