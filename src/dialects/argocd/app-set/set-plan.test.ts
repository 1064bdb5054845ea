import { expect, test } from "vitest";
import type { AppSet, GeneratedSet, SetRollout } from "#core/app/app-set.ts";
import { usualSettings } from "#core/app/settings.ts";
import { argoDialect, argoDialectIn } from "../argo-dialect.ts";
import { usualArgoSettings } from "../settings.ts";
import type { SetRules } from "#core/app/dialect.ts";
import type { Ignored } from "#core/diff/ignored-fields.ts";
import type { Resource } from "#core/resource/resource.ts";
import { setPlan } from "#engine/set-plan.ts";

const rules = argoDialect.sets as SetRules;

function setOf(over: Partial<AppSet> = {}): AppSet {
  const object: Resource = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    metadata: { name: "fleet", namespace: "argocd", uid: "set-uid" },
    spec: { generators: [{ list: {} }], template: { metadata: {}, spec: { project: "default", destination: {} } } },
  };
  const parsed = rules.parse(object);
  if (!parsed.ok) throw new Error(parsed.error[0]?.message);
  return { ...parsed.value, ...over };
}

function app(name: string, more: Partial<Resource["metadata"]> = {}): Resource {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: "argocd", ...more },
    spec: { project: "default", source: { path: name } },
  };
}

const owner = {
  apiVersion: "argoproj.io/v1alpha1",
  kind: "ApplicationSet",
  name: "fleet",
  uid: "set-uid",
  controller: true,
  blockOwnerDeletion: true,
};
const member = (name: string, more: Partial<Resource["metadata"]> = {}) =>
  app(name, { uid: `${name}-uid`, ownerReferences: [owner], ...more });

function planned(
  wanted: readonly Resource[],
  live: readonly Resource[],
  {
    set = setOf(),
    names = wanted.map(({ metadata }) => metadata.name),
    orders = new Map<string, unknown>(),
    ignored = new Map<string, Ignored>(),
  } = {},
) {
  const generated: GeneratedSet = { apps: wanted, made: wanted, names: new Set(names), problems: [] };
  const rollout: SetRollout = { apps: wanted, orders, rows: null };
  const liveOf = (name: string) => live.find(({ metadata }) => metadata.name === name) ?? null;
  const members = live.filter((one) => rules.ownerOf(one) === "set-uid");
  const plan = setPlan({ set, rules, generated, rollout }, { liveOf, members, ignored });
  return {
    writes: plan.writes.map(({ wanted: one, change }) => `${change.kind} ${one.metadata.name}`),
    deletions: plan.deletions.map(({ metadata }) => metadata.name),
    held: plan.held,
    problems: plan.problems,
    plan,
  };
}

test("creates what is not there, changes what differs, and leaves the rest", () => {
  const changed = { ...member("b"), spec: { project: "other" } };
  expect(planned([app("a"), app("b"), app("c")], [changed, member("c")])).toMatchObject({
    writes: ["create a", "update b"],
    deletions: [],
  });
});

test("deletes what is not generated any more, but nothing that was generated and cannot be used", () => {
  const live = [member("a"), member("b"), member("c")];
  expect(planned([app("a")], live, { names: ["a", "b"] }).deletions).toEqual(["c"]);
});

test("holds what would leave nothing, until exactly that was approved", () => {
  const live = [member("a"), member("b")];
  const { held, deletions } = planned([], live);
  expect([deletions, held?.names]).toEqual([[], ["a", "b"]]);
  const set = setOf({ approval: held?.digest ?? "" });
  expect(planned([], live, { set }).deletions).toEqual(["a", "b"]);
  const others = [member("a"), { ...member("b"), metadata: { ...member("b").metadata, uid: "another" } }];
  expect(planned([], others, { set }).deletions).toEqual([]);
});

test("keeps to the set's policy", () => {
  const live = [{ ...member("a"), spec: {} }, member("b")];
  expect(planned([app("a"), app("c")], live, { set: setOf({ update: false, delete: false }) })).toMatchObject({
    writes: ["create c"],
    deletions: [],
    held: null,
  });
});

test("waits for what is being deleted", () => {
  const live = [
    member("a", { deletionTimestamp: "2026-01-01T00:00:00Z" }),
    member("b", { deletionTimestamp: "2026-01-01T00:00:00Z" }),
  ];
  expect(planned([app("a")], live)).toMatchObject({ writes: [], deletions: [], held: null });
});

test("takes an app that nobody controls, and none of another set", () => {
  const other = { ...owner, name: "others", uid: "other-uid" };
  const made = planned(
    [app("a"), app("b")],
    [app("a", { uid: "x" }), app("b", { uid: "y", ownerReferences: [other] })],
  );
  expect(made.writes).toEqual(["update a"]);
  expect(made.problems).toEqual(["application b is already owned by another controller: ApplicationSet others"]);
});

test("gives orders to apps that are there, alone or with what else changes", () => {
  const orders = new Map<string, unknown>([
    ["a", { sync: {} }],
    ["b", { sync: {} }],
    ["c", { sync: {} }],
  ]);
  const { plan } = planned([app("a"), app("b"), app("c")], [member("a"), { ...member("b"), spec: {} }], { orders });
  const patches = plan.writes.map(({ change }) => (change.kind === "update" ? Object.keys(change.patch) : []));
  expect(patches).toEqual([["operation"], ["spec", "operation"], []]);
});

test("annotations and labels that the installation keeps stay on every app", () => {
  const sets = { ...usualArgoSettings.sets, keptAnnotations: ["kept"], keptLabels: ["kept"] };
  const keeping = argoDialectIn("argocd", { ...usualArgoSettings, sets }).sets as SetRules;
  const edited = member("a", { annotations: { kept: "x", other: "y" }, labels: { kept: "x", other: "y" } });
  const change = keeping.changeOf(setOf(), { wanted: app("a"), live: edited }, []);
  const patch = { metadata: { annotations: { other: null }, labels: { other: null } } };
  expect(change).toEqual({ kind: "update", patch });
});

test("what expressions name in each is left as it is, and what else differs is written", () => {
  const spec = (path: string, parameters: readonly string[]) => ({
    project: "default",
    sources: [{ path: "other" }, { path, helm: { parameters: parameters.map((value) => ({ name: "tag", value })) } }],
  });
  const wanted = { ...app("a"), spec: spec("a", ["1"]) };
  const live = { ...member("a"), spec: spec("a", ["2"]) };
  const value = "/spec/sources/1/helm/parameters/0/value";
  const ignored = new Map<string, Ignored>([["a", { live: [value], desired: [value] }]]);
  expect(planned([wanted], [live], { ignored }).writes).toEqual([]);
  const added = { ...member("a"), spec: { ...spec("a", ["1"]), info: [] } };
  const onlyLive = new Map<string, Ignored>([["a", { live: ["/spec/info"], desired: [] }]]);
  expect(planned([wanted], [added], { ignored: onlyLive }).writes).toEqual([]);
  const { plan } = planned([{ ...wanted, spec: spec("b", ["1"]) }], [live], { ignored });
  expect(plan.writes[0]?.change).toEqual({ kind: "update", patch: { spec: { sources: spec("b", ["2"]).sources } } });
});

test("what an app has on a cluster that nobody knows any more is left behind when the app goes", () => {
  const finalizers = ["resources-finalizer.argocd.argoproj.io", "other"];
  const on = (destination: object) => ({
    ...member("a", { finalizers }),
    spec: { project: "default", source: { path: "a" }, destination },
  });
  const patch = (destination: object) => rules.beforeDelete(on(destination), () => null, usualSettings("argocd"));
  expect(patch({ name: "gone" })).toEqual({ metadata: { finalizers: ["other"] } });
  expect(patch({ server: "https://kubernetes.default.svc" })).toBeNull();
});
