import type { AppStateWord, AppView } from "#contract/app-view.ts";
import type { SourceView } from "#contract/source-view.ts";
import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import type { Dialect, DialectKind, Lookup } from "#core/app/dialect.ts";
import { conditionOf, conditionsOf, fieldAt, textAt } from "#core/health/condition.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { Source } from "#core/source/source.ts";
import { parsePause, PAUSE_ANNOTATION } from "#engine/write-guard.ts";
import type { AppRecord } from "./cli-app-record.ts";

interface Words {
  readonly state: AppStateWord;
  readonly health: string;
  readonly message: string;
}

/** What commands show of an app, read from its object; `sourceOf` finds what it refers to. */
export function appView(record: AppRecord, sourceOf: (key: string) => Source | null): AppView {
  const { object, dialect, kind } = record;
  const words = dialect.name === "argocd" ? argoWords(object) : fluxWords(object);
  const { namespace = "", name, creationTimestamp } = object.metadata;
  return {
    key: record.key,
    dialect: dialect.name,
    kind: kind.kind,
    namespace,
    name,
    ...words,
    ...standstill(record),
    revision: dialect.restore(object).applied?.text ?? textAt(object, ["status", "sync", "revision"]),
    held: heldOf(object),
    source: shownSource(record, sourceOf),
    adopted: annotationsOf(object)[ADOPTED_ANNOTATION] !== undefined,
    createdAt: creationTimestamp ?? "",
  };
}

/** What commands show of a source object. */
export function sourceView(
  { dialect, kind, lookup }: { dialect: Dialect; kind: DialectKind; lookup: Lookup },
  object: Resource,
): SourceView {
  const parsed = dialect.parseSource(object, lookup);
  const ready = conditionOf(object, "Ready");
  const { namespace = "", name, creationTimestamp } = object.metadata;
  const isPassive = parsed.ok && parsed.value.isPassive === true;
  const isSuspended = isPassive ? fieldAt(object, ["spec", "suspend"]) === true : parsed.ok && parsed.value.suspended;
  const isReady = isPassive || ready?.status === "True";
  const state = isReady ? "Ready" : ready?.status === "False" ? "Failed" : "New";
  return {
    key: `${kind.short}/${namespace}/${name}`,
    dialect: dialect.name,
    kind: kind.kind,
    namespace,
    name,
    url: parsed.ok ? parsed.value.url : textAt(object, ["spec", "url"]),
    ref: parsed.ok ? refText(parsed.value) : "",
    state: isSuspended ? "Suspended" : parsed.ok ? state : "Failed",
    revision: textAt(object, ["status", "artifact", "revision"]),
    message: isPassive && !isSuspended ? "asked by each of its charts" : (ready?.message ?? ""),
    createdAt: creationTimestamp ?? "",
  };
}

/** A ref as people write it. */
export function refText({ ref }: Pick<Source, "ref">): string {
  if (ref.kind === "chart-path") return `chart ${ref.value}`;
  if (ref.kind === "chart") return `chart ${ref.value} ${ref.version}`;
  // These have nothing to choose.
  if (ref.kind === "index" || ref.kind === "artifact" || ref.kind === "output") return "";
  if (ref.kind === "generator") return ref.value;
  return ref.kind === "branch" || ref.kind === "auto" || ref.kind === "name" ? ref.value : `${ref.kind} ${ref.value}`;
}

/** Whether a condition's message tells of held deletions, which have a state of their own. */
export function isHeldMessage(message: string): boolean {
  return message.startsWith("Deletions are held");
}

/** Why deletions of an app are held back, from the conditions that either dialect writes. */
export function heldOf(object: Resource): string {
  const held = conditionsOf(object).find(({ type, message }) => type === "Held" || isHeldMessage(message));
  return held?.message ?? "";
}

/** States that come from the object itself, whatever its status says. */
function standstill(record: AppRecord): Partial<Words> {
  const { object, parsed } = record;
  if (object.metadata.deletionTimestamp !== undefined) return { state: "Deleting", message: "is being deleted" };
  if (!parsed.ok) {
    return { state: "Failed", message: parsed.error.map(({ path, message }) => `${path}: ${message}`).join("; ") };
  }
  if (parsed.value.suspended) return { state: "Suspended", message: `resume it: holdfast resume ${record.key}` };
  const pause = parsePause(annotationsOf(object)[PAUSE_ANNOTATION]);
  if (pause && pause.until > Date.now()) {
    return { state: "Paused", message: `until ${new Date(pause.until).toISOString()}: ${pause.reason}` };
  }
  return {};
}

const WAITING_REASONS: Readonly<Record<string, readonly string[]>> = {
  Kustomization: ["ArtifactFailed", "DependencyNotReady"],
  // A chart that is there and cannot be loaded is an ArtifactFailed too.
  HelmRelease: ["SourceNotReady", "DependencyNotReady"],
};

function fluxWords(object: Resource): Words {
  const ready = conditionOf(object, "Ready");
  const healthy = conditionOf(object, "Healthy");
  const message = ready?.message ?? "no controller has looked at it yet";
  const health = healthy ? (healthy.status === "True" ? "Healthy" : "Unhealthy") : "";
  if (ready?.status === "True") return { state: "Ready", health, message };
  if (ready?.status !== "False") return { state: ready ? "Syncing" : "New", health, message };
  return { state: WAITING_REASONS[object.kind]?.includes(ready.reason) ? "Waiting" : "Failed", health, message };
}

function argoWords(object: Resource): Words {
  const health = textAt(object, ["status", "health", "status"]);
  const sync = textAt(object, ["status", "sync", "status"]);
  const phase = textAt(object, ["status", "operationState", "phase"]);
  const message = textAt(object, ["status", "operationState", "message"]);
  const problem = argoProblem(object);
  if (phase === "Running") return { state: "Syncing", health, message };
  if (problem !== "") return { state: "Failed", health, message: problem };
  if (sync === "Synced") return { state: "Ready", health, message };
  if (sync === "OutOfSync") {
    const failed = phase === "Failed" || phase === "Error";
    return { state: failed ? "Failed" : "OutOfSync", health, message: failed ? message : "differs from its source" };
  }
  return { state: sync === "" ? "New" : "Waiting", health, message: message || "no controller has looked at it yet" };
}

function argoProblem(object: Resource): string {
  const conditions = fieldAt(object, ["status", "conditions"]);
  if (!Array.isArray(conditions)) return "";
  const errors = conditions.filter((entry: unknown) => {
    return textAt(entry, ["type"]).endsWith("Error") && !isHeldMessage(textAt(entry, ["message"]));
  });
  return errors.map((entry: unknown) => textAt(entry, ["message"])).join("; ");
}

function shownSource({ parsed }: AppRecord, sourceOf: (key: string) => Source | null): AppView["source"] {
  const declared = parsed.ok ? parsed.value.sources[0] : undefined;
  const source = declared && (declared.inline ?? sourceOf(declared.source));
  if (!declared || !source) return null;
  return { url: withoutCredential(source.url), ref: refText(source), path: declared.path };
}

function withoutCredential(url: string): string {
  return url.replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@\s]*@/i, "$1");
}
