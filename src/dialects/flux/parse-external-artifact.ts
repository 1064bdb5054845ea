import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, type Result, ok } from "#core/result.ts";
import type { Revision, Source } from "#core/source/source.ts";
import { checkSpec } from "./check-spec.ts";
import { externalArtifactSpec } from "./external-artifact-schema.ts";
import { sourceBasics } from "./source-basics.ts";

/** Nothing is asked again: what has a digest does not change. */
const interval = "1h";

/** Parses an ExternalArtifact into a source; never throws. What is followed is the artifact that its maker tells of. */
export function parseExternalArtifact(object: Resource): Result<Source, readonly Problem[]> {
  const checked = checkSpec(externalArtifactSpec, object["spec"] ?? {});
  if (!checked.ok) return checked;
  const [url = "", digest = "", revision = ""] = ["url", "digest", "revision"].map((field) =>
    textAt(object, ["status", "artifact", field]),
  );
  return ok({
    ...sourceBasics(object, { url: "", interval }, []),
    url,
    ignore: undefined,
    remote: { kind: "artifact" },
    ref: { kind: "artifact", value: digest, url, revision },
    secrets: {},
    recorded: null,
  });
}

/** How an artifact is called by its maker. */
export function externalRevision(source: Source, digest: string): Revision {
  const { ref } = source;
  return { text: ref.kind === "artifact" ? ref.revision : digest, commit: digest, refName: null };
}
