import type { Reason } from "#contract/why-view.ts";
import { conditionOf, fieldAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ClusterClient, ObjectRef } from "#engine/ports.ts";
import type { AppRecord } from "./cli-app-record.ts";
import { originRefOf, refOfSource } from "./cli-source-object.ts";

/** Sources that are objects tell their own failures, what they are made of first; inline ones fail in the app's conditions. */
export async function sourceReasons(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<Reason[]> {
  const app = record.parsed.ok ? record.parsed.value : null;
  const [declared] = app?.sources ?? [];
  const ref = declared && !declared.inline ? refOfSource(declared.source) : null;
  if (!app || !ref) return [];
  const object = (await client.get(ref, { signal })) ?? app.declares;
  const originRef = object && originRefOf(object);
  const origin = originRef ? await client.get(originRef, { signal }) : null;
  const ofOrigin = originRef ? sourceReason(originRef, origin, record) : null;
  // What fails for want of its origin has nothing more to tell.
  const reason = ofOrigin?.blocks ? ofOrigin : (sourceReason(ref, object, record) ?? ofOrigin);
  return reason ? [reason] : [];
}

function sourceReason(ref: ObjectRef, object: Resource | null, { dialect, object: app }: AppRecord): Reason | null {
  const { kind, namespace = "", name } = ref;
  const key = `${kind}/${namespace}/${name}`;
  if (!object) return { rule: "source", blocks: true, message: `${key} does not exist`, advice: makingOf(ref) };
  if (fieldAt(object, ["spec", "suspend"]) === true) {
    const message = `${key} is suspended, so nothing new comes`;
    return { rule: "source", blocks: false, message, advice: "Set its spec.suspend to false." };
  }
  const ready = conditionOf(object, "Ready");
  if (ready?.status !== "False") return null;
  const isApplied = dialect.restore(app).applied !== null;
  const advice = isApplied ? "What was fetched last stays applied, and is still healed." : "";
  return { rule: "source", blocks: true, message: `${key}: ${ready.message}`, advice };
}

function makingOf({ apiVersion, kind, namespace = "", name }: ObjectRef): string {
  if (kind === "GitRepository") return `holdfast create source ${name} -n ${namespace} --url URL`;
  return `Apply a ${kind} of ${apiVersion}, or correct what refers to it.`;
}
