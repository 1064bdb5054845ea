import type { Lookup } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, refused } from "#core/result.ts";
import type { GitRef } from "#core/source/git-ref.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { parseArtifactGenerator } from "./parse-artifact-generator.ts";
import { bucketRevision, parseBucket } from "./parse-bucket.ts";
import { externalRevision, parseExternalArtifact } from "./parse-external-artifact.ts";
import { gitRevision, parseGitRepository } from "./parse-git-repository.ts";
import { parseHelmChart } from "./parse-helm-chart.ts";
import { helmRevision, parseHelmRepository } from "./parse-helm-repository.ts";
import { ociRevision, parseOciRepository } from "./parse-oci-repository.ts";

/** Parses a source object of any kind; never throws. */
export function parseSource(object: Resource, lookup: Lookup, settings?: Settings): Result<Source, readonly Problem[]> {
  switch (object.kind) {
    case "GitRepository":
      return parseGitRepository(object);
    case "OCIRepository":
      return parseOciRepository(object);
    case "Bucket":
      return parseBucket(object);
    case "ExternalArtifact":
      return parseExternalArtifact(object, lookup);
    case "ArtifactGenerator":
      return parseArtifactGenerator(object, settings);
    case "HelmRepository":
      return parseHelmRepository(object);
    case "HelmChart":
      return parseHelmChart(object, lookup);
    default:
      return refused([{ path: "kind", message: `${object.kind} is no source of this dialect` }]);
  }
}

/** How what a source was resolved to is written in a status. */
export function revisionOf(source: Source, commit: string, refName: string | null): Revision {
  const { remote, ref } = source;
  if (remote.kind === "artifact") return externalRevision(source, commit);
  if (remote.kind === "helm" || remote.kind === "derived") return helmRevision(commit, refName);
  if (remote.kind === "bucket") return bucketRevision(commit);
  return remote.kind === "oci" ? ociRevision(commit, refName) : gitRevision(ref as GitRef, commit, refName);
}
