import type { Desired } from "#core/plan/make-plan.ts";
import { writeAhead } from "#core/plan/inventory.ts";
import type { ReleaseHook } from "#core/release/release-plan.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ScopeOf } from "#core/app/rules.ts";
import type { HelmReleaseHook } from "#core/helm/release.ts";
import type { AppWork } from "../app-state.ts";
import { type DesiredSet, desiredSetOf } from "../desired-set.ts";
import { scopesOf } from "../refresh-desired.ts";
import type { RecordedRevision } from "#core/release/snapshot.ts";
import type { HeldRelease } from "./release-state.ts";
import type { StoredSummary } from "./release-store-index.ts";
import type { WrittenRecord } from "./release-store.ts";
import type { ReleaseWork } from "./release-work.ts";

/** Objects and hooks of a release, ready to be sent. */
export interface ReadyRelease {
  readonly desired: DesiredSet;
  readonly hooks: readonly ReleaseHook[];
  readonly first: readonly Desired[];
}

/** What a release is made of before the dialect has prepared it. */
export interface ReleaseContent {
  readonly objects: readonly Resource[];
  readonly hooks: readonly { readonly hook: HelmReleaseHook; readonly object: Resource }[];
  /** What must be there before all else and is never owned: definitions, the release's namespace. */
  readonly first: readonly Resource[];
}

/** Makes the objects of a release ready: namespaced, marked, in normal form. */
export async function readyRelease(work: AppWork, content: ReleaseContent, signal: AbortSignal): Promise<ReadyRelease> {
  const { objects, first } = content;
  const hooks = content.hooks.map(({ object }) => object);
  const scopeOf = withDefined(await scopesOf(work.context, [...first, ...objects, ...hooks], signal), [
    ...first,
    ...objects,
  ]);
  const setOf = (resources: readonly Resource[]) => preparedSet(work, resources, scopeOf);
  const hookSet = content.hooks.flatMap(({ hook, object }) =>
    setOf([object]).objects.map((desired): ReleaseHook => ({ hook, desired })),
  );
  return { desired: setOf(objects), hooks: hookSet, first: setOf(first).objects };
}

/** The newest record of the app's release with its objects; what was read of it before is used again. */
export async function heldRelease(
  work: AppWork,
  known: { readonly summary: StoredSummary; readonly ociDigest: string; readonly held: HeldRelease | null },
  signal: AbortSignal,
): Promise<HeldRelease> {
  const { summary, held, ociDigest } = known;
  const { context, state } = work;
  const isKnown = held?.summary.uid === summary.uid && held.summary.resourceVersion === summary.resourceVersion;
  if (held && isKnown && held.desired.app.specDigest === state.app.specDigest) return held;
  const stored = await context.releases.read({ app: state.app, summary, ociDigest }, signal);
  const ready = await readyRelease(work, { ...stored, first: [] }, signal);
  return { summary, stored: toldOf(stored), desired: ready.desired, hooks: ready.hooks };
}

/** The newest record as it is stored, which a release does without while nothing is done to it. */
export async function wholeRecord(
  { work, release }: ReleaseWork,
  { summary }: HeldRelease,
  signal: AbortSignal,
): Promise<WrittenRecord> {
  const ociDigest = release.memory.history[0]?.ociDigest ?? "";
  const { app } = work.state;
  return { summary, stored: await work.context.releases.read({ app, summary, ociDigest }, signal) };
}

/** What is kept in memory of a record. */
export function toldOf({ release, digest, configDigest }: RecordedRevision): RecordedRevision {
  const { metadata } = release.chart;
  return { digest, configDigest, release: { ...release, chart: { metadata }, manifest: "", hooks: [], config: {} } };
}

/** Records what the release owns before anything is compared, so that removing it leaves nothing behind. */
export async function recordOwned(work: AppWork, desired: DesiredSet, signal: AbortSignal): Promise<void> {
  const { context, state } = work;
  const { inventories } = context;
  const known = inventories.of(state.app.key);
  if (desired.objects.every(({ key }) => known.has(key))) return;
  await inventories.write(state.app, writeAhead(known, desired.objects, false), signal);
}

function preparedSet({ context, state }: AppWork, resources: readonly Resource[], scopeOf: ScopeOf): DesiredSet {
  const rendered = { resources, readSet: [], renderer: "helm" as const };
  const set = desiredSetOf(context, { app: state.app, dialect: state.dialect, rendered, scopeOf });
  // Once they are ready nobody asks for what they were before.
  return { ...set, rendered: { ...rendered, resources: [] }, prepared: { ...set.prepared, resources: [] } };
}

/** A kind that the release itself defines is not served yet. */
export function withDefined(served: ScopeOf, resources: readonly Resource[]): ScopeOf {
  const defined = new Map<string, "namespaced" | "cluster">();
  for (const resource of resources) {
    if (resource.kind !== "CustomResourceDefinition") continue;
    const spec = resource["spec"] as { group?: string; names?: { kind?: string }; scope?: string } | undefined;
    const scope = spec?.scope === "Cluster" ? "cluster" : "namespaced";
    defined.set(`${spec?.group ?? ""}/${spec?.names?.kind ?? ""}`, scope);
  }
  return (kind) => {
    const known = served(kind);
    return known === "unknown" ? (defined.get(`${kind.group}/${kind.kind}`) ?? known) : known;
  };
}

/** A namespace for a release, labelled as Helm does. */
export function namespaceObject(name: string): Resource {
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { name } } };
}
