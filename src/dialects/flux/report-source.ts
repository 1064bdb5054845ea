import type { ArtifactPlace } from "#core/app/dialect.ts";
import type { EventNote, ObjectWrite, SourceReport, SourceReportInput } from "#core/app/app-report.ts";
import { conditionOf, fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import { sourceMarks } from "./source-marks.ts";
import { verificationMode } from "./parse-git-repository.ts";
import { finalizerName } from "./parse-kustomization.ts";
import { publicUrl } from "./public-url.ts";
import { type ConditionMarks, markedConditions, alreadySays } from "./status-conditions.ts";
import { wordsOf } from "./source-words.ts";
import { reportGenerator } from "./report-generator.ts";
import { timeText } from "./time-text.ts";

const group = "source.toolkit.fluxcd.io";

/** The status and events of a source in Flux's words. The same report on its own result changes nothing. */
export function reportSource(input: SourceReportInput): ObjectWrite {
  const { object, report } = input;
  if (object.kind === "ArtifactGenerator") return reportGenerator(input);
  // Its status is its maker's.
  if (object.kind === "ExternalArtifact") {
    return { status: (object["status"] ?? {}) as ObjectWrite["status"], patch: null, events: [] };
  }
  // A chart is at the address of the object that it refers to.
  const url = publicUrl(object) || (input.source?.url ?? "");
  const old = fieldAt(object, ["status"]);
  const oldStatus = typeof old === "object" && old !== null ? old : { observedGeneration: -1 };
  const marks = sourceMarks(input);
  const conditions = markedConditions(object, marks, report.now);
  const stored = report.state.kind === "ready" && report.revision !== null;
  const status: Record<string, unknown> = {
    ...oldStatus,
    ...(conditions.length > 0 && { conditions }),
    ...(stored && {
      artifact: artifactOf(object, { ...report, revision: report.revision, url }),
      ...observedFields(object, report.revision),
    }),
    ...(stored && { sourceVerificationMode: verifiedMode(object, report) }),
    ...(stored && { includedArtifacts: includedArtifacts(object, report) }),
    ...observedOrigin(input),
    ...(report.handledToken !== null && { lastHandledReconcileAt: report.handledToken }),
    observedGeneration: observedGeneration(input, marks),
  };
  for (const [field, value] of Object.entries(status)) if (value === undefined) delete status[field];
  return { status, patch: finalizerPatch(object), events: eventsOf(input, marks) };
}

/** Where a revision is served; null for what has no artifact of its own. */
export function artifactPlace(object: Resource, revision: Revision): ArtifactPlace | null {
  if (object.kind === "ExternalArtifact" || object.kind === "ArtifactGenerator") return null;
  const { namespace = "", name } = object.metadata;
  const words = wordsOf(object);
  const file = words.file?.(revision, object) ?? `${revision.commit}.tar.gz`;
  return { path: `${object.kind.toLowerCase()}/${namespace}/${name}/${file}`, file: words.served?.(object) ?? null };
}

interface ArtifactFacts extends Pick<SourceReport, "now" | "artifact"> {
  readonly revision: Revision;
  readonly url: string;
}

/**
 * The revision as consumers and people look for it. Where nothing is served, path and digest name the commit, and the
 * address is the repository's own, without the credentials that somebody may have put there.
 */
function artifactOf(object: Resource, { revision, artifact, now, url }: ArtifactFacts): object {
  const old = fieldAt(object, ["status", "artifact"]);
  const { text, notes } = revision;
  const metadata = notes && { metadata: notes };
  if (artifact) {
    const { digest, path, size } = artifact;
    const fresh = { digest, lastUpdateTime: timeText(now), path, revision: text, size, url: artifact.url, ...metadata };
    const isKnown = (["digest", "path", "revision", "url"] as const).every(
      (field) => textAt(old, [field]) === fresh[field],
    );
    return isKnown ? (old as object) : fresh;
  }
  // The same version of a chart may be made of other files.
  const isOther = revision.chart !== undefined && textAt(old, ["digest"]) !== revision.commit;
  if (textAt(old, ["revision"]) === text && old !== undefined && !isOther) return old as object;
  const { path = "" } = artifactPlace(object, revision) ?? {};
  return {
    digest: wordsOf(object).digest(revision),
    lastUpdateTime: timeText(now),
    path,
    revision: text,
    url,
    ...metadata,
  };
}

function verifiedMode(object: Resource, { verified = [] }: SourceReport): string | undefined {
  return verified.length === 0 || object.kind !== "GitRepository"
    ? undefined
    : verificationMode(textAt(object, ["spec", "verify", "mode"]));
}

/** What the source is made from, whether that worked out or not. */
function observedOrigin({ source, report }: SourceReportInput): object {
  const origin = source?.origin && report.included?.[0];
  return origin ? { observedSourceArtifactRevision: origin.revision.text } : {};
}

/** Like the artifacts of the included objects; those that stay keep their times. */
function includedArtifacts(object: Resource, { included = [], now }: SourceReport): readonly object[] | undefined {
  if (included.length === 0 || object.kind === "HelmChart") return undefined;
  const known = fieldAt(object, ["status", "includedArtifacts"]);
  return included.map(({ source, revision }) => {
    const { kind = "", namespace = "", name = "" } = source.object ?? {};
    const like: Resource = { ...object, kind, metadata: { name, namespace }, spec: { url: source.url } };
    const facts = { revision, now, url: publicUrl(like) };
    const artifact = artifactOf({ ...like, status: undefined }, facts) as { path: string; revision: string };
    const same = (other: unknown) =>
      textAt(other, ["path"]) === artifact.path && textAt(other, ["revision"]) === artifact.revision;
    return (Array.isArray(known) && (known.find(same) as object | undefined)) || artifact;
  });
}

function observedFields(object: Resource, revision: Revision): Record<string, unknown> {
  const fields = Object.entries(wordsOf(object).observed);
  // What upstream leaves out when nothing is asked for.
  const repeated = fields.map(([name, field]) => {
    const value = fieldAt(object, ["spec", field]);
    return [name, value === false ? undefined : value];
  });
  return { ...Object.fromEntries(repeated), ...wordsOf(object).told?.(object, revision) };
}

function observedGeneration({ object }: SourceReportInput, marks: ConditionMarks): number {
  const ready = marks["Ready"] ?? conditionOf(object, "Ready");
  const settled = ready?.status === "True" || marks["Stalled"]?.status === "True";
  return settled ? (object.metadata.generation ?? 0) : numberAt(object, ["status", "observedGeneration"], -1);
}

/** Flux's finalizer cleans its own storage; without Flux nobody else lets the object go. */
function finalizerPatch(object: Resource): ObjectWrite["patch"] {
  const finalizers = object.metadata.finalizers ?? [];
  if (object.metadata.deletionTimestamp === undefined || !finalizers.includes(finalizerName)) return null;
  const { resourceVersion } = object.metadata;
  return {
    metadata: {
      finalizers: finalizers.filter((name) => name !== finalizerName),
      ...(resourceVersion && { resourceVersion }),
    },
  };
}

function eventsOf({ object, report }: SourceReportInput, marks: ConditionMarks): readonly EventNote[] {
  const before = conditionOf(object, "Ready");
  const ready = marks["Ready"];
  if (!ready) return [];
  if (ready.status !== "True") {
    if (alreadySays(before, ready)) return [];
    return [{ type: "Warning", reason: ready.reason, message: ready.message, annotations: {} }];
  }
  const { revision } = report;
  if (revision === null) return [];
  const isNew = textAt(object, ["status", "artifact", "revision"]) !== revision.text;
  const recovered = ["FetchFailed", "BuildFailed"].some((type) => conditionOf(object, type)?.status === "True");
  if (!isNew && !recovered) return [];
  const annotations = {
    [`${group}/digest`]: report.artifact?.digest ?? wordsOf(object).digest(revision),
    [`${group}/revision`]: revision.text,
  };
  const message = wordsOf(object).news(revision, object);
  const reason = wordsOf(object).readyReason?.(object, revision) ?? (isNew ? "NewArtifact" : "Succeeded");
  return [{ type: "Normal", reason, message, annotations }];
}
