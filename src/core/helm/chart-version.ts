import { chartVersionOf } from "#core/source/oci-ref.ts";
import { type Result, ok, refused } from "#core/result.ts";
import { parseVersion } from "#core/source/version-constraint.ts";

/** A chart's version that names the artifact it came in, and the digest of that. */
export interface DigestedVersion {
  readonly version: string;
  readonly ociDigest: string;
}

const shownDigits = 12;

/**
 * The version of a chart from an OCI artifact, with the artifact's digest as build metadata, so that a tag which moves
 * is a new version. The revision is `<tag>@<digest>`, whose tag must be the chart's version, or a bare digest.
 */
export function versionWithDigest(chartVersion: string, sourceRevision: string): Result<DigestedVersion, string> {
  const version = parseVersion(chartVersion, true);
  if (version === undefined) return refused(`the chart's version ${quoted(chartVersion)} is no version`);
  const at = sourceRevision.lastIndexOf("@");
  const ociDigest = sourceRevision.slice(at + 1);
  const hex = /^[a-z0-9]+:([0-9a-f]{12,})$/.exec(ociDigest)?.[1];
  if (hex === undefined) return refused(`the artifact's revision ${quoted(sourceRevision)} names no digest`);
  if (at >= 0) {
    const tag = sourceRevision.slice(0, at);
    const tagged = parseVersion(chartVersionOf(tag), true);
    if (tagged === undefined) return refused(`the artifact's tag ${quoted(tag)} is no version of a chart`);
    // Build metadata takes no part in the order of versions.
    if (tagged.compare(version) !== 0) {
      return refused(`the artifact's tag ${quoted(tag)} does not match the chart's version ${quoted(chartVersion)}`);
    }
  }
  return ok({ version: `${version.version}+${hex.slice(0, shownDigits)}`, ociDigest });
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
