import type { Reason, WhyView } from "#contract/why-view.ts";
import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import type { App } from "#core/app/app.ts";
import { conditionOf, conditionsOf, fieldAt, numberAt, textAt } from "#core/health/condition.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { WhyActions } from "#cli/why.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { parsePause, PAUSE_ANNOTATION } from "#engine/write-guard.ts";
import { type AppRecord, findApp } from "./cli-app-record.ts";
import { appView, heldOf, isHeldMessage } from "./cli-app-view.ts";
import { currentLeader } from "./cli-controller-lease.ts";
import { keepsRival, liveRivals } from "./cli-rivals.ts";
import { withClient } from "./cli-session.ts";
import { releaseReasons } from "./cli-why-release.ts";
import { windowReasons } from "./cli-why-windows.ts";
import { sourceReasons } from "./cli-why-source.ts";

/** Explains apps. */
export const whyActions: WhyActions = {
  why: (query, signal) =>
    withClient(query, async (client) => why(client, await findApp(client, query, signal), signal), signal),
};

async function why(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<WhyView> {
  const view = appView(record, () => null);
  const app = record.parsed.ok ? record.parsed.value : null;
  const reasons = [
    ...specReasons(record),
    ...standstillReasons(record, app),
    ...(await rivalReasons(client, record, signal)),
    ...(app ? await sourceReasons(client, record, signal) : []),
    ...(app ? await dependencyReasons(client, { record, app }, signal) : []),
    ...(app?.release ? await releaseReasons({ client, record }, app.release, signal) : []),
    ...(app ? windowReasons(app, Date.now()) : []),
    ...heldReasons(record),
    ...conditionReasons(record, view.message),
    ...orderReasons(record, app),
    ...objectReasons(record.object),
    ...(await controllerReasons(client, record, signal)),
  ];
  return { app: record.key, state: view.state, reasons };
}

function specReasons({ parsed }: AppRecord): Reason[] {
  if (parsed.ok) return [];
  const advice = "Correct the spec; nothing happens until it changes.";
  return parsed.error.map(({ path, message }) => ({
    rule: "spec",
    blocks: true,
    message: `${path}: ${message}`,
    advice,
  }));
}

function standstillReasons({ key, object }: AppRecord, app: App | null): Reason[] {
  const reasons: Reason[] = [];
  if (object.metadata.deletionTimestamp !== undefined) {
    const finalizers = (object.metadata.finalizers ?? []).join(", ") || "none";
    const message = `it is being deleted since ${object.metadata.deletionTimestamp}; finalizers left: ${finalizers}`;
    reasons.push({ rule: "deletion", blocks: true, message, advice: "" });
  }
  if (app?.suspended) {
    const message = "somebody suspended it";
    reasons.push({ rule: "suspended", blocks: true, message, advice: `holdfast resume ${key}` });
  }
  const pause = parsePause(annotationsOf(object)[PAUSE_ANNOTATION]);
  if (pause && pause.until > Date.now()) {
    const message = `it is paused until ${new Date(pause.until).toISOString()}: ${pause.reason}`;
    reasons.push({ rule: "paused", blocks: true, message, advice: `End it earlier: holdfast resume ${key}` });
  }
  return reasons;
}

async function rivalReasons(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<Reason[]> {
  const isAdopted = annotationsOf(record.object)[ADOPTED_ANNOTATION] !== undefined;
  if (isAdopted && record.dialect.rules.rival.keepsOff(record.object)) return [];
  const live = (await liveRivals(client, record.dialect, signal)) ?? [];
  const { name } = record.dialect.rules.rival;
  if (live.length === 0 && !keepsRival(record)) return [];
  const message = keepsRival(record)
    ? `it runs ${name} itself, so nothing is written until it is adopted, as the last of all`
    : `${name}'s own controller runs (${live.join(", ")}), so nothing is written`;
  return [{ rule: "shadow", blocks: true, message, advice: `Take it over: holdfast adopt ${record.key}` }];
}

async function dependencyReasons(
  client: ClusterClient,
  { record, app }: { record: AppRecord; app: App },
  signal: AbortSignal,
): Promise<Reason[]> {
  const reasons: Reason[] = [];
  for (const dependency of app.dependsOn) {
    if (dependency.on === "object") {
      const reason = await objectReason(client, dependency, signal);
      if (reason) reasons.push(reason);
      continue;
    }
    const { key } = dependency;
    const [short, namespace = "", name = ""] = key.split("/");
    const kind = record.dialect.appKinds.find((one) => one.short === short);
    const ref = kind && { apiVersion: joinApiVersion(kind), kind: kind.kind, namespace, name };
    const object = ref ? await client.get(ref, { signal }) : null;
    const ready = object ? conditionOf(object, "Ready") : undefined;
    if (ready?.status === "True") continue;
    const message = object ? `it waits for ${key}: ${ready?.message ?? "not looked at yet"}` : `${key} does not exist`;
    reasons.push({ rule: "dependency", blocks: true, message, advice: object ? `holdfast why ${key}` : "" });
  }
  return reasons;
}

/** Another kind of object than an app: here only whether it exists; the app's own status says why it is not ready. */
async function objectReason(
  client: ClusterClient,
  { apiVersion, kind, namespace, name }: Extract<App["dependsOn"][number], { on: "object" }>,
  signal: AbortSignal,
): Promise<Reason | null> {
  if (await client.get({ apiVersion, kind, namespace, name }, { signal })) return null;
  return { rule: "dependency", blocks: true, message: `${kind}/${namespace}/${name} does not exist`, advice: "" };
}

function heldReasons({ key, object }: AppRecord): Reason[] {
  const held = heldOf(object);
  if (held === "") return [];
  const message = held.replace(/ Approve with: .*$/, "");
  return [{ rule: "deletion-budget", blocks: true, message, advice: `If that is meant: holdfast approve ${key}` }];
}

/** Condition types that say something worth knowing while everything else goes on. */
const NOTICES: Readonly<Record<string, string>> = {
  Fight: "field-fight",
  Shared: "shared-object",
  Duplicate: "duplicate-object",
  Drift: "drift",
  Warning: "warning",
  SharedResourceWarning: "shared-object",
  RepeatedResourceWarning: "duplicate-object",
  SyncWarning: "warning",
};

function conditionReasons({ object }: AppRecord, message: string): Reason[] {
  const ready = conditionOf(object, "Ready");
  const reasons: Reason[] = [];
  if (ready && ready.status !== "True") {
    const blocks = ready.status === "False";
    reasons.push({ rule: ready.reason || "not-ready", blocks, message: ready.message || message, advice: "" });
  }
  for (const { type, message: text } of conditionsOf(object)) {
    const rule = NOTICES[type];
    // A pause and held deletions have reasons of their own.
    const isTold = text.startsWith("paused until") || isHeldMessage(text);
    if (isTold) continue;
    if (rule) reasons.push({ rule, blocks: false, message: text, advice: "" });
    if (type.endsWith("Error")) reasons.push({ rule: type, blocks: true, message: text, advice: "" });
  }
  return reasons;
}

/** An app that is synced by order only waits for a person. */
function orderReasons({ key, object }: AppRecord, app: App | null): Reason[] {
  const status = textAt(object, ["status", "sync", "status"]);
  const phase = textAt(object, ["status", "operationState", "phase"]);
  const reasons: Reason[] = [];
  if (phase === "Failed" || phase === "Error" || phase === "Running") {
    const message = textAt(object, ["status", "operationState", "message"]) || `the sync is ${phase}`;
    reasons.push({ rule: `sync-${phase.toLowerCase()}`, blocks: true, message, advice: "" });
  }
  if (app?.policy.mode === "manual" && status === "OutOfSync" && phase !== "Running") {
    const message = "it differs from its source, and its syncPolicy is not automated";
    reasons.push({
      rule: "manual-sync",
      blocks: true,
      message,
      advice: `See it: holdfast diff ${key}; apply it: holdfast sync ${key}`,
    });
  }
  return reasons;
}

const MOST_OBJECTS = 10;

function objectReasons(object: Resource): Reason[] {
  const rows = fieldAt(object, ["status", "resources"]);
  if (!Array.isArray(rows)) return [];
  const ill = rows.filter((row: unknown) => !["", "Healthy"].includes(textAt(row, ["health", "status"])));
  return ill.slice(0, MOST_OBJECTS).map((row: unknown) => {
    const name = [textAt(row, ["kind"]), textAt(row, ["namespace"]), textAt(row, ["name"])].filter(Boolean).join("/");
    const text = textAt(row, ["health", "message"]);
    const status = textAt(row, ["health", "status"]);
    return {
      rule: "health",
      blocks: false,
      message: `${name} is ${status}${text === "" ? "" : `: ${text}`}`,
      advice: "",
    };
  });
}

async function controllerReasons(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<Reason[]> {
  const { object } = record;
  const observed = numberAt(object, ["status", "observedGeneration"], -1);
  const isUnseen = object["status"] === undefined;
  const isBehind = observed >= 0 && observed < (object.metadata.generation ?? 0);
  if (!isUnseen && !isBehind) return [];
  const leader = await currentLeader(client, signal);
  const what = isUnseen ? "no controller has looked at it yet" : "its newest spec was not looked at yet";
  if (leader.holder !== null)
    return [{ rule: "queue", blocks: false, message: `${what}; ${leader.holder} leads`, advice: "" }];
  return [{ rule: "controller", blocks: true, message: `${what}: ${leader.reason}`, advice: "holdfast check" }];
}
