import type { App } from "#core/app/app.ts";
import type { ObjectOptions, Rules } from "#core/app/rules.ts";
import { compareStages, stageText, type StageKey } from "#core/order/stage.ts";
import { digestOf } from "#core/resource/digest.ts";
import { type IdKey, kindKey, parseIdKey, type ResourceId } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { budgetRefusals, type Candidate } from "./budget.ts";
import type { DeletionCertificate } from "./deletion.ts";
import type { Inventory } from "./inventory.ts";
import type { Change, Plan, Stage } from "./plan.ts";

/** An object as it shall be, ready to be sent. */
export interface Desired {
  readonly key: IdKey;
  readonly id: ResourceId;
  readonly version: string;
  readonly resource: Resource;
  readonly options: ObjectOptions;
  readonly stage: StageKey;
  readonly rank: number;
  /** Digest of `resource` as it is sent. */
  readonly input: string;
}

/** How an object on the cluster compares with its declaration. */
export type Verdict =
  | { readonly kind: "same" }
  | { readonly kind: "missing" }
  /** `drift`: it was as declared once; `by`: who owns the differing fields now, when that is known. */
  | {
      readonly kind: "different";
      readonly paths: readonly string[];
      readonly reason: string;
      readonly drift: boolean;
      readonly by: readonly string[];
    }
  | { readonly kind: "unknown"; readonly reason: string };

/** What is known of an object that may be deleted. */
export interface DeletionFacts {
  readonly uid: string | null;
  readonly mayPrune: boolean;
  /** Another app that claims the object now. */
  readonly claimedBy: string | null;
  /** What must be read first: an app of the same source that may claim the object, or the objects of its kind. */
  readonly unread: string | null;
  readonly cascade: string | null;
  /** It goes only after a person's word, which nobody has given. */
  readonly unconfirmed?: boolean;
  /** Deletions go from the highest wave to the lowest. */
  readonly wave?: number;
  /** A delete was sent; finalizers keep the object for now. */
  readonly terminating: boolean;
}

/** Everything a plan depends on. */
export interface PlanInput {
  readonly app: App;
  readonly rules: Rules;
  readonly revision: string;
  readonly renderDigest: string;
  readonly cause: "left-source" | "app-deleted";
  readonly desired: readonly Desired[];
  readonly verdicts: ReadonlyMap<IdKey, Verdict>;
  readonly inventory: Inventory;
  readonly factsOf: (key: IdKey) => DeletionFacts;
  readonly prune: boolean;
  /** Digest that a person approved, or null. */
  readonly approval: string | null;
}

/** Later than any wave that an object may name. */
const AFTER_ALL_WAVES = 2 ** 40;

/** Why a deletion is held that a person has to confirm. */
export const UNCONFIRMED = "waits for confirmation";

/** Compares desired, live and inventory and yields what a sync will do; independent of the order of its inputs. */
export function makePlan(input: PlanInput): Plan {
  const writes = input.desired.map((desired) => writeChange(desired, input.verdicts.get(desired.key)));
  const removal = removals(input);
  const stages = [...writeStages(input, writes), ...removalStages(input, removal)];
  return {
    app: input.app.key,
    revision: input.revision,
    stages,
    held: removal.held,
    waiting: removal.waiting,
    digest: removal.digest,
  };
}

function writeChange(desired: Desired, verdict: Verdict | undefined): Change {
  const base = {
    key: desired.key,
    id: desired.id,
    version: desired.version,
    desired: desired.resource,
    options: desired.options,
    certificate: null,
    paths: [],
  };
  if (desired.options.apply === "ignore") return { ...base, action: "none", reason: "ignored by annotation" };
  switch (verdict?.kind) {
    case "same":
      return { ...base, action: "none", reason: "as declared" };
    case "different":
      if (desired.options.apply === "if-absent") return { ...base, action: "none", reason: "exists already" };
      return { ...base, action: "update", reason: verdict.reason, paths: verdict.paths };
    case "unknown":
      return { ...base, action: "update", reason: verdict.reason };
    default:
      return { ...base, action: "create", reason: "not on the cluster" };
  }
}

interface Removals {
  readonly changes: readonly Change[];
  readonly waves: ReadonlyMap<IdKey, number>;
  readonly held: readonly string[];
  readonly waiting: number;
  readonly digest: string;
}

function removals(input: PlanInput): Removals {
  const wanted = new Set(input.desired.map((desired) => desired.key));
  const left = [...input.inventory.values()].filter((entry) => !wanted.has(entry.key)).sort(byKey);
  const judged = left.map((entry) => ({ entry, id: parseIdKey(entry.key), facts: input.factsOf(entry.key) }));
  const outcomes = judged.map((item) => ({ ...item, spared: sparedBecause(item, input) }));
  const doomed = outcomes.filter((item) => item.spared === null);
  const digest = digestOf(doomed.map((item) => [item.entry.key, item.facts.uid ?? item.entry.uid]));
  const held = heldBecause(
    input,
    doomed.map((item) => ({ id: item.id, cascade: item.facts.cascade })),
  );
  const approved = held.length > 0 && input.approval === digest;
  const changes = outcomes.map(({ entry, id, facts, spared }): Change => {
    const base = { key: entry.key, id, version: entry.version, paths: [], desired: null, options: null };
    if (spared) return { ...base, action: spared.action, reason: spared.reason, certificate: null };
    if (held.length > 0 && !approved) {
      return { ...base, action: "hold", reason: `needs approval: ${held.join("; ")}`, certificate: null };
    }
    const certificate: DeletionCertificate = {
      key: entry.key,
      uid: entry.uid === "" ? (facts.uid ?? "") : entry.uid,
      cause: input.cause,
      revision: input.revision,
      renderDigest: input.renderDigest,
      inventoryDigest: digestOf([entry.key, entry.uid, entry.input]),
      allowedBy: approved ? `approval ${digest}` : "budget",
    };
    const reason = input.cause === "app-deleted" ? "the app is being deleted" : "left the source";
    return { ...base, action: "delete", reason, certificate };
  });
  const unconfirmed = outcomes.filter(({ spared }) => spared?.reason === UNCONFIRMED);
  const unread = outcomes.filter(({ facts }) => facts.unread && !facts.terminating);
  const isHeld = held.length > 0 && !approved;
  const waiting = unread.length + unconfirmed.length + (isHeld ? doomed.length : 0);
  const waves = new Map(judged.map(({ entry, facts }) => [entry.key, facts.wave ?? 0]));
  return { changes, waves, held: isHeld ? held : [], waiting, digest };
}

function sparedBecause(
  item: { entry: { uid: string }; id: ResourceId; facts: DeletionFacts },
  input: PlanInput,
): { action: "keep" | "hold" | "none"; reason: string } | null {
  const { facts, entry } = item;
  if (facts.terminating) return { action: "none", reason: "is being deleted" };
  if (facts.unread) return { action: "none", reason: `waits until ${facts.unread} has been read` };
  if (facts.claimedBy) return { action: "keep", reason: `now claimed by ${facts.claimedBy}` };
  if (entry.uid !== "" && facts.uid !== null && facts.uid !== entry.uid) {
    return { action: "keep", reason: "was recreated by somebody else" };
  }
  if (input.cause === "app-deleted") {
    if (input.rules.survivors.includes(kindKey(item.id)))
      return { action: "keep", reason: "this kind outlives its app" };
    if (input.app.policy.onDelete === "orphan") return { action: "keep", reason: "the app leaves its objects behind" };
    if (!facts.mayPrune) return { action: "keep", reason: "deletion is off for this object" };
    return facts.unconfirmed ? { action: "hold", reason: UNCONFIRMED } : null;
  }
  if (input.prune && facts.mayPrune) return facts.unconfirmed ? { action: "hold", reason: UNCONFIRMED } : null;
  const reason = input.prune ? "pruning is off for this object" : "pruning is off";
  return { action: input.rules.unpruned === "forget" ? "keep" : "hold", reason };
}

function heldBecause(input: PlanInput, candidates: readonly Candidate[]): string[] {
  if (input.cause === "app-deleted") return [];
  // What a dialect adds to an app, such as its namespace, always stays and must not make a mass deletion look partial.
  const added = new Set(input.desired.filter((desired) => !desired.options.counted).map((desired) => desired.key));
  return budgetRefusals(candidates, {
    recorded: [...input.inventory.values()].filter(({ key, late }) => !late && !added.has(key)).length,
    remaining: input.desired.length - added.size,
    allowEmpty: input.app.policy.allowEmpty,
  });
}

function writeStages(input: PlanInput, changes: readonly Change[]): Stage[] {
  const rank = new Map(input.desired.map((desired) => [desired.key, desired]));
  const groups = new Map<string, { key: StageKey; changes: Change[] }>();
  for (const change of changes) {
    const key = rank.get(change.key)?.stage ?? { phase: 0, wave: 0, rank: 0 };
    const group = groups.get(stageText(key)) ?? { key, changes: [] };
    group.changes.push(change);
    groups.set(stageText(key), group);
  }
  return [...groups.values()]
    .sort((a, b) => compareStages(a.key, b.key))
    .map((group) => ({
      key: group.key,
      gate: input.rules.gateAfter(group.key),
      changes: group.changes.sort((a, b) => (rank.get(a.key)?.rank ?? 0) - (rank.get(b.key)?.rank ?? 0) || byKey(a, b)),
    }));
}

/** Removals come after all writes, the highest wave first: what depends on a thing goes before the thing. */
function removalStages(input: PlanInput, { changes, waves }: Removals): Stage[] {
  const rankOf = (change: Change) =>
    input.rules.rankOf({
      apiVersion: change.id.group === "" ? change.version : `${change.id.group}/${change.version}`,
      kind: change.id.kind,
      metadata: { name: change.id.name },
    });
  const sorted = [...changes].sort((a, b) => rankOf(b) - rankOf(a) || byKey(b, a));
  const present = [...new Set(changes.map(({ key }) => waves.get(key) ?? 0))].sort((a, b) => b - a);
  return present.map((wave, place) => ({
    key: input.rules.waveOf
      ? { phase: 0, wave: AFTER_ALL_WAVES + place, rank: 0 }
      : { phase: Number.MAX_SAFE_INTEGER, wave: 0, rank: 0 },
    // What a lower wave holds is needed until the higher one is gone.
    gate: input.rules.waveOf ? "gone" : "none",
    changes: sorted.filter(({ key }) => (waves.get(key) ?? 0) === wave),
  }));
}

function byKey(a: { key: IdKey }, b: { key: IdKey }): number {
  return a.key < b.key ? -1 : a.key > b.key ? 1 : 0;
}
