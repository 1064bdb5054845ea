import { textAt } from "#core/health/condition.ts";
import { type Resource, annotationsOf } from "#core/resource/resource.ts";
import { type Problem, type Result, ok, refused } from "#core/result.ts";
import { type GitRef, revisionText } from "#core/source/git-ref.ts";
import type { Revision, Source, SourceKey } from "#core/source/source.ts";
import { checkSpec } from "./check-spec.ts";
import { durationField } from "./duration-field.ts";
import { type GitRepositorySpec, gitRepositorySpec } from "./git-repository-schema.ts";
import { addressOf } from "./object-address.ts";
import { requestedAtAnnotation } from "./parse-kustomization.ts";
import { parseRevision } from "./restore.ts";
import { unsupportedInGitRepository } from "./unsupported.ts";

const shortestMs = 1_000;
const defaultTimeoutMs = 60_000;

/** Parses a GitRepository into a source; never throws. */
export function parseGitRepository(object: Resource): Result<Source, readonly Problem[]> {
  const checked = checkSpec(gitRepositorySpec, object["spec"]);
  if (!checked.ok) return checked;
  const spec = checked.value;
  const problems: Problem[] = [...unsupportedInGitRepository(spec)];
  const interval = durationField({ path: "spec.interval", text: spec.interval }, 0, problems);
  const timeoutMs = durationField({ path: "spec.timeout", text: spec.timeout }, defaultTimeoutMs, problems);
  if (spec.url.length > 2_048) problems.push({ path: "spec.url", message: "is too long: at most 2048 characters" });
  if (problems.length > 0) return refused(problems);
  const namespace = object.metadata.namespace ?? "";
  return ok({
    key: `GitRepository/${namespace}/${object.metadata.name}` as SourceKey,
    url: spec.url,
    ref: refOf(spec),
    remote: { kind: "git" },
    secrets: spec.secretRef ? { credential: { namespace, name: spec.secretRef.name } } : {},
    intervalMs: Math.max(interval, shortestMs),
    timeoutMs: Math.max(timeoutMs, shortestMs),
    ignore: spec.ignore ?? null,
    suspended: spec.suspend ?? false,
    object: addressOf(object),
    recorded: parseRevision(textAt(object, ["status", "artifact", "revision"])),
    requestToken: annotationsOf(object)[requestedAtAnnotation] ?? null,
  });
}

/** How a commit of a source is written in a status, e.g. `main@sha1:<hash>`. */
export function revisionOf(source: Source, commit: string, refName: string | null): Revision {
  return { text: revisionText(source.ref as GitRef, { commit, refName }), commit, refName };
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
