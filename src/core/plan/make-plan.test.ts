import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { plainApp, plainOptions, plainRules } from "#engine/testing/app.ts";
import { idKey, type IdKey, parseIdKey } from "#core/resource/resource-id.ts";
import type { Inventory, InventoryEntry } from "./inventory.ts";
import { type DeletionFacts, type Desired, makePlan, type PlanInput, type Verdict } from "./make-plan.ts";
import { changesOf, type Plan } from "./plan.ts";

const KINDS = [
  { group: "", kind: "ConfigMap" },
  { group: "", kind: "PersistentVolumeClaim" },
  { group: "apps", kind: "Deployment" },
  { group: "rbac.authorization.k8s.io", kind: "Role" },
];
const KEYS: IdKey[] = KINDS.flatMap((kind) =>
  ["a", "b"].flatMap((namespace) => ["x", "y", "z"].map((name) => idKey({ ...kind, namespace, name }))),
);
const HARMLESS: DeletionFacts = {
  uid: "u1",
  mayPrune: true,
  claimedBy: null,
  unread: null,
  cascade: null,
  terminating: false,
};

const anyFacts: fc.Arbitrary<DeletionFacts> = fc.record({
  uid: fc.constantFrom("u1", "u1", "u2", null),
  mayPrune: rarely(false, true),
  claimedBy: rarely("app/apps/other", null),
  unread: rarely("app/apps/late", null),
  cascade: rarely("3 objects would be deleted with it", null),
  terminating: rarely(true, false),
});
const anyVerdict = fc.constantFrom<Verdict>(
  { kind: "same" },
  { kind: "missing" },
  { kind: "different", paths: ["/data/a"], reason: "declaration changed", drift: false, by: [] },
  { kind: "unknown", reason: "not readable" },
);
const anyStage = fc.record({ phase: fc.nat(1), wave: fc.integer({ min: -1, max: 1 }), rank: fc.nat(1) });

/** What one object contributes to a plan; most objects are recorded, so that there is something to prune. */
const anyPart = fc.record({
  key: fc.constantFrom(...KEYS),
  declared: fc.boolean(),
  recorded: rarely(false, true),
  uid: fc.constantFrom<string>("u1", "u1", ""),
  stage: anyStage,
  rank: fc.nat(2),
  apply: fc.constantFrom("apply", "merge", "if-absent", "ignore"),
  verdict: fc.option(anyVerdict, { nil: undefined }),
  facts: anyFacts,
});
type Part = typeof anyPart extends fc.Arbitrary<infer T> ? T : never;

const anyParts = fc.uniqueArray(anyPart, { selector: (part) => part.key, minLength: 1, maxLength: KEYS.length });
const anySettings = fc.record({
  prune: rarely(false, true),
  cause: rarely<PlanInput["cause"]>("app-deleted", "left-source"),
  onDelete: fc.constantFrom("prune", "orphan"),
  allowEmpty: fc.boolean(),
  unpruned: fc.constantFrom("forget", "track"),
  survivors: fc.subarray(["apps/Deployment"]),
});
type Settings = typeof anySettings extends fc.Arbitrary<infer T> ? T : never;
const PLAIN: Settings = {
  prune: true,
  cause: "left-source",
  onDelete: "prune",
  allowEmpty: false,
  unpruned: "forget",
  survivors: [],
};

function rarely<T>(seldom: T, usual: T): fc.Arbitrary<T> {
  return fc.oneof({ arbitrary: fc.constant(usual), weight: 5 }, { arbitrary: fc.constant(seldom), weight: 1 });
}

function planInput(parts: readonly Part[], settings: Settings, approval: string | null = null): PlanInput {
  const app = plainApp("shop");
  const facts = new Map(parts.map((part) => [part.key, part.facts]));
  return {
    app: { ...app, policy: { ...app.policy, onDelete: settings.onDelete, allowEmpty: settings.allowEmpty } },
    rules: {
      ...plainRules,
      unpruned: settings.unpruned,
      survivors: settings.survivors,
      rankOf: (resource) => resource.kind.length,
    },
    revision: "main@1",
    renderDigest: "digest-of-render",
    cause: settings.cause,
    desired: parts.filter((part) => part.declared).map(desiredOf),
    verdicts: new Map(parts.flatMap(({ key, verdict }) => (verdict ? [[key, verdict]] : []))),
    inventory: new Map(parts.filter((part) => part.recorded).map((part) => [part.key, entryOf(part)])),
    factsOf: (key) => facts.get(key) ?? HARMLESS,
    prune: settings.prune,
    approval,
  };
}

function desiredOf({ key, stage, rank, apply }: Part): Desired {
  const id = parseIdKey(key);
  const { kind, namespace, name } = id;
  const resource = { apiVersion: "v1", kind, metadata: { namespace, name } };
  return { key, id, version: "v1", resource, options: { ...plainOptions, apply }, stage, rank, input: `in-${key}` };
}

function entryOf({ key, uid }: Part): InventoryEntry {
  return { key, version: "v1", uid, input: uid === "" ? "" : "in", baseline: "" };
}

function deletedKeys(plan: Plan): IdKey[] {
  return changesOf(plan)
    .filter((change) => change.action === "delete")
    .map((change) => change.key)
    .sort();
}

/** Recorded objects that left the source, harmless to delete unless `facts` say otherwise. */
function leavers(count: number, facts: Partial<DeletionFacts> = {}): Part[] {
  return Array.from({ length: count }, (_, index) => ({
    key: idKey({ group: "", kind: "ConfigMap", namespace: "a", name: `c${index}` }),
    declared: false,
    recorded: true,
    uid: "u1",
    stage: { phase: 0, wave: 0, rank: 0 },
    rank: 0,
    apply: "apply" as const,
    verdict: { kind: "same" as const },
    facts: { ...HARMLESS, ...facts },
  }));
}

function stayers(count: number): Part[] {
  return leavers(count).map((part, index) => ({
    ...part,
    key: idKey({ group: "", kind: "Secret", namespace: "a", name: `s${index}` }),
    declared: true,
  }));
}

describe("makePlan()", () => {
  test("does not depend on the order of its inputs", () => {
    const shuffled = anyParts.chain((parts) =>
      fc.tuple(fc.constant(parts), fc.shuffledSubarray(parts, { minLength: parts.length })),
    );
    fc.assert(
      fc.property(shuffled, anySettings, ([parts, other], settings) => {
        expect(makePlan(planInput(other, settings))).toEqual(makePlan(planInput(parts, settings)));
      }),
    );
  });

  test("gives every declared or recorded object exactly one change, removals last", () => {
    fc.assert(
      fc.property(anyParts, anySettings, (parts, settings) => {
        const changes = changesOf(makePlan(planInput(parts, settings)));
        const expected = parts.filter((part) => part.declared || part.recorded).map((part) => part.key);
        expect(changes.map((change) => change.key).sort()).toEqual(expected.sort());
        const firstRemoval = changes.findIndex((change) => change.desired === null);
        if (firstRemoval >= 0)
          expect(changes.slice(firstRemoval).every((change) => change.desired === null)).toBe(true);
      }),
    );
  });

  test("deletes nothing that is declared, claimed, unread, terminating, protected or another object by now", () => {
    fc.assert(
      fc.property(anyParts, anySettings, (parts, settings) => {
        const held = makePlan(planInput(parts, settings));
        const plan = makePlan(planInput(parts, settings, held.digest));
        for (const key of [...deletedKeys(held), ...deletedKeys(plan)]) {
          const part = parts.find((one) => one.key === key);
          expect(part).toMatchObject({ declared: false, recorded: true });
          expect(part?.facts).toMatchObject({ claimedBy: null, unread: null, terminating: false, mayPrune: true });
          if (part?.uid !== "" && part?.facts.uid !== null) expect(part?.facts.uid).toBe(part?.uid);
          if (settings.cause === "left-source") expect(settings.prune).toBe(true);
          else expect(settings).toMatchObject({ onDelete: "prune" });
          if (settings.cause === "app-deleted" && settings.survivors.length > 0) expect(key).not.toMatch(/Deployment/);
        }
      }),
    );
  });

  test("gives every delete, and nothing else, a certificate for the object that was recorded", () => {
    fc.assert(
      fc.property(anyParts, anySettings, fc.boolean(), (parts, settings, approve) => {
        const unapproved = makePlan(planInput(parts, settings));
        const plan = approve ? makePlan(planInput(parts, settings, unapproved.digest)) : unapproved;
        for (const change of changesOf(plan)) {
          expect(change.certificate !== null).toBe(change.action === "delete");
          if (!change.certificate) continue;
          const part = parts.find((one) => one.key === change.key);
          expect(change.certificate).toMatchObject({
            key: change.key,
            uid: part?.uid === "" ? (part.facts.uid ?? "") : part?.uid,
            cause: settings.cause,
            revision: "main@1",
            renderDigest: "digest-of-render",
            allowedBy: unapproved.held.length > 0 ? `approval ${plan.digest}` : "budget",
          });
        }
      }),
    );
  });

  test("holds back every deletion or none, and only an approval of this very plan lets them go", () => {
    fc.assert(
      fc.property(anyParts, anySettings, (parts, settings) => {
        const plan = makePlan(planInput(parts, settings));
        expect(makePlan(planInput(parts, settings, "another digest"))).toEqual(plan);
        if (plan.held.length === 0) return;
        expect(deletedKeys(plan)).toEqual([]);
        const approved = makePlan(planInput(parts, settings, plan.digest));
        expect(approved.held).toEqual([]);
        const waiting = changesOf(plan).filter((change) => change.reason.startsWith("needs approval"));
        expect(deletedKeys(approved)).toEqual(waiting.map((change) => change.key).sort());
      }),
    );
  });

  test("an approval is void once another object would go or one was recreated", () => {
    const before = [...leavers(2), ...stayers(1)].map((part, index) =>
      index === 0 ? { ...part, facts: { ...part.facts, cascade: "2 Crates would be deleted with it" } } : part,
    );
    const { digest, held } = makePlan(planInput(before, PLAIN));
    expect(held).toHaveLength(1);
    const more = [...before, ...leavers(3).slice(2)];
    expect(deletedKeys(makePlan(planInput(more, PLAIN, digest)))).toEqual([]);
    const recreated = before.map((part) =>
      part.declared ? part : { ...part, uid: "u2", facts: { ...part.facts, uid: "u2" } },
    );
    expect(deletedKeys(makePlan(planInput(recreated, PLAIN, digest)))).toEqual([]);
    expect(deletedKeys(makePlan(planInput(before, PLAIN, digest)))).toHaveLength(2);
  });

  test("holds a deletion of everything although an object that does not count stays", () => {
    const input = planInput([...leavers(3), ...stayers(1)], PLAIN);
    const desired = input.desired.map((one) => ({ ...one, options: { ...one.options, counted: false } }));
    const plan = makePlan({ ...input, desired });
    expect(plan.held).toEqual(["the change would delete every object of the app (3 of 3)"]);
    expect(deletedKeys(plan)).toEqual([]);
  });

  test("what was written while deletions waited does not make them look like a part of the app", () => {
    const input = planInput([...leavers(2), ...stayers(1)], PLAIN);
    expect(makePlan(input)).toMatchObject({ held: [], waiting: 0 });
    const left = new Set(leavers(2).map(({ key }) => key));
    const inventory: Inventory = new Map(
      [...input.inventory].map(([key, entry]) => [key, left.has(key) ? entry : { ...entry, late: true }]),
    );
    const plan = makePlan({ ...input, inventory });
    expect(plan).toMatchObject({ held: ["the change would delete every object of the app (2 of 2)"], waiting: 2 });
  });

  test("orders stages by their keys and changes of a stage by rank, then name", () => {
    fc.assert(
      fc.property(anyParts, anySettings, (parts, settings) => {
        const plan = makePlan(planInput(parts, settings));
        const keys = plan.stages.map(({ key }) => [key.phase, key.wave, key.rank]);
        expect(keys).toEqual([...keys].sort((a, b) => a[0]! - b[0]! || a[1]! - b[1]! || a[2]! - b[2]!));
        for (const stage of plan.stages.filter((one) => one.changes.some((change) => change.desired !== null))) {
          const ranks = stage.changes.map((change) => parts.find((part) => part.key === change.key)?.rank ?? 0);
          expect(ranks).toEqual([...ranks].sort((a, b) => a - b));
        }
      }),
    );
  });

  const WRITES = [
    { name: "creates what is missing", verdict: { kind: "missing" }, apply: "apply", action: "create" },
    { name: "creates what nobody compared", verdict: undefined, apply: "apply", action: "create" },
    { name: "leaves what is as declared", verdict: { kind: "same" }, apply: "apply", action: "none" },
    {
      name: "applies what cannot be compared",
      verdict: { kind: "unknown", reason: "r" },
      apply: "apply",
      action: "update",
    },
    { name: "never updates if-absent objects", verdict: changed(), apply: "if-absent", action: "none" },
    { name: "creates if-absent objects", verdict: { kind: "missing" }, apply: "if-absent", action: "create" },
    { name: "updates what differs", verdict: changed(), apply: "merge", action: "update" },
    { name: "does not touch ignored objects", verdict: { kind: "missing" }, apply: "ignore", action: "none" },
  ] as const;
  for (const c of WRITES) {
    test(c.name, () => {
      const parts = stayers(1).map((part) => ({ ...part, verdict: c.verdict, apply: c.apply }));
      expect(changesOf(makePlan(planInput(parts, PLAIN)))).toMatchObject([{ action: c.action }]);
    });
  }

  const SPARED: { name: string; facts?: Partial<DeletionFacts>; settings?: Partial<Settings>; action: string }[] = [
    { name: "deletes what left the source", action: "delete" },
    { name: "hands over what another app claims", facts: { claimedBy: "app/apps/b" }, action: "keep" },
    { name: "keeps what was recreated", facts: { uid: "u2" }, action: "keep" },
    { name: "waits for apps that were not read", facts: { unread: "app/apps/b" }, action: "none" },
    { name: "waits for finalizers", facts: { terminating: true }, action: "none" },
    { name: "forgets what may not be pruned", facts: { mayPrune: false }, action: "keep" },
    { name: "forgets when pruning is off", settings: { prune: false }, action: "keep" },
    { name: "tracks when pruning is off", settings: { prune: false, unpruned: "track" }, action: "hold" },
    {
      name: "deletes with its app although pruning is off",
      settings: { prune: false, cause: "app-deleted" },
      action: "delete",
    },
    { name: "orphans when the app says so", settings: { cause: "app-deleted", onDelete: "orphan" }, action: "keep" },
    { name: "spares survivors", settings: { cause: "app-deleted", survivors: ["/ConfigMap"] }, action: "keep" },
  ];
  for (const c of SPARED) {
    test(c.name, () => {
      const parts = [...leavers(1, c.facts), ...stayers(1)];
      const removal = changesOf(makePlan(planInput(parts, { ...PLAIN, ...c.settings }))).find(
        (change) => change.desired === null,
      );
      expect(removal?.action).toBe(c.action);
    });
  }

  test("an app that is being deleted needs no second approval, whatever goes", () => {
    const plan = makePlan(
      planInput(leavers(3, { cascade: "it holds data of others" }), { ...PLAIN, cause: "app-deleted" }),
    );
    expect(plan.held).toEqual([]);
    expect(deletedKeys(plan)).toHaveLength(3);
  });
});

function changed(): Verdict {
  return { kind: "different", paths: ["/a"], reason: "declaration changed", drift: false, by: [] };
}
