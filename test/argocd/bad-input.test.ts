import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { configMap, type FaultApp } from "../faults/fault-app.ts";
import { useFaultWorld } from "../faults/fault-world.ts";
import { eventually } from "../support/eventually.ts";
import { useOf } from "../support/process-use.ts";

const world = useFaultWorld();
const { signal } = new AbortController();
const merge = { type: "merge", manager: "test", signal } as const;
const MAY_TAKE_S = 5;
const MAY_USE_MIB = 256;
/** Five seconds on a machine that is four times slower. */
const SERVED_WITHIN_MS = 20_000;
let controller = 0;

/** Definitions of other versions check less, so that the controller must not rely on them. */
beforeAll(async () => {
  for (const plural of ["applications", "appprojects", "applicationsets"]) {
    const name = `${plural}.argoproj.io`;
    const ref = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", namespace: "", name };
    const definition = await world().client.get(ref, { signal });
    const { versions } = (definition?.["spec"] ?? { versions: [] }) as { versions: object[] };
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await world().client.patch(ref, { spec: { versions: versions.map((version) => ({ ...version, schema })) } }, merge);
  }
});

/** Nothing that tests load counts, so that the controller has a process of its own. */
beforeEach(async () => {
  controller = (await world().startProcess()).pid;
});

const secret = JSON.stringify({ apiVersion: "v1", kind: "Secret", metadata: { name: "s" }, stringData: { a: "b" } });

function settings(data: Readonly<Record<string, string>>): Promise<unknown> {
  const metadata = { name: "argocd-cm", namespace: "argocd" };
  return world().client.apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data }, { manager: "test", signal });
}

/** A rule that says how Secrets do. */
const healthOfSecrets = (script: string) => () => settings({ "resource.customizations.health.Secret": script });

/** A jq expression of what is left to others in ConfigMaps. */
const ignored = (query: string) => (app: FaultApp) =>
  world().client.patch(
    app.dialect.app,
    { spec: { ignoreDifferences: [{ kind: "ConfigMap", jqPathExpressions: [query] }] } },
    merge,
  );

/** A project that the application is in, with this in its spec. */
const inProject = (fields: Record<string, unknown>) => async (app: FaultApp) => {
  const spec = { sourceRepos: ["*"], destinations: [{ server: "*", namespace: "*" }], ...fields };
  await world().client.apply(argo("AppProject", app.namespace, { spec }), { manager: "test", signal });
  await world().client.patch(app.dialect.app, { spec: { project: app.namespace } }, merge);
};

const argo = (kind: string, name: string, fields: Record<string, unknown>): Resource => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind,
  metadata: { name, namespace: "argocd" },
  ...fields,
});

/** What is there, and more. */
const kustomization =
  (...more: readonly string[]) =>
  (app: FaultApp) =>
    app.push({ "app/kustomization.yaml": JSON.stringify({ resources: ["o0.yaml", "o1.yaml", "s.yaml", ...more] }) });

const hook = {
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "endless", annotations: { "argocd.argoproj.io/hook": "PreSync" } },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "a", image: "registry.example/a:1" }] } } },
};

interface BadInput {
  readonly name: string;
  readonly spoil: (app: FaultApp) => Promise<unknown>;
  /** In the conditions, the operation's message or the health of the application. */
  readonly says: RegExp;
}

const cases: BadInput[] = [
  {
    name: "a project whose lists are none",
    spoil: inProject({ sourceRepos: 5, destinations: "all" }),
    says: /AppProject .*: spec\.sourceRepos must be array/,
  },
  {
    name: "a project whose windows are none",
    spoil: inProject({ syncWindows: [{ kind: "allow", schedule: "never", duration: "1h" }] }),
    says: /AppProject .*syncWindows\[0\]/,
  },
  { name: "a base that is a file of the machine", spoil: kustomization("file:///etc/passwd"), says: /etc\/passwd/ },
  {
    name: "a base that smuggles options in",
    spoil: kustomization("ssh://-oProxyCommand=touch%20x/a.git//b?ref=main"),
    says: /ProxyCommand/,
  },
  {
    name: "a hook that never ends",
    spoil: (app) => app.push({ "app/hook.yaml": JSON.stringify(hook), "app/o1.yaml": configMap("o1", "2") }),
    says: /endless/,
  },
  { name: "jq that loops", spoil: ignored("def f: f; f"), says: /def f: f; f.*longer than 1 s/ },
  { name: "jq that takes all memory", spoil: ignored(".data[([range(1e9)] | length | tostring)]"), says: /range/ },
  { name: "jq that makes one huge text", spoil: ignored('.data["x" * 2e9]'), says: /2e9/ },
  { name: "Lua that loops", spoil: healthOfSecrets("while true do end"), says: /"Unknown"/ },
  {
    name: "Lua that allocates without end",
    spoil: healthOfSecrets('local t = {} while true do t[#t + 1] = string.rep("x", 1000000) end'),
    says: /"Unknown"/,
  },
  {
    name: "Lua with a pattern built to explode",
    spoil: healthOfSecrets('return string.find(string.rep("a", 100000), ".-.-.-.-.-.-b")'),
    says: /"Unknown"/,
  },
  {
    name: "Jsonnet that loops",
    spoil: (app) => app.push({ "app/x.jsonnet": "local f(n) = f(n + 1) tailstrict; f(0)" }),
    says: /x\.jsonnet/,
  },
  {
    name: "Jsonnet that takes all memory",
    spoil: (app) => app.push({ "app/x.jsonnet": "[{a: std.repeat('x', 1000)} for i in std.range(0, 1000000000)]" }),
    says: /x\.jsonnet|memory/,
  },
];

describe("is told by its own application alone, soon and with little memory, and nothing is deleted:", () => {
  test.each(cases)("$name", async ({ spoil, says }) => {
    await settings({});
    const app = await world().appOf("argocd", { objects: 2 });
    const other = await world().appOf("argocd", { objects: 2 });
    await app.push({ "app/s.yaml": secret });
    await app.converged();
    await other.converged();
    const before = await app.uids();
    const { workedS, grownMib } = await useOf(controller, async () => {
      await spoil(app);
      await other.commit({ o0: "2" });
      await other.converged(SERVED_WITHIN_MS);
      await told(app, says);
    });
    if (process.env["HOLDFAST_TEST_LOG"]) console.log(workedS, "s", grownMib, "MiB", toldBy(await app.object()));
    expect(toldBy(await other.object())).toMatch(/^{"health":{[^}]*"status":"Healthy"}/);
    expect(workedS).toBeLessThan(MAY_TAKE_S);
    expect(grownMib).toBeLessThan(MAY_USE_MIB);
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
    await other.checkInvariants();
  });
});

test("a set that is none is told by itself alone, and makes nothing", async () => {
  const other = await world().appOf("argocd", { objects: 2 });
  await other.converged();
  const sets = [
    { name: "no-list", spec: { generators: "all", template: {} }, says: /spec\.generators must be array/ },
    {
      name: "no-template",
      spec: { generators: [{ list: { elements: [{ a: "1" }] } }], template: 5 },
      says: /spec\.template/,
    },
    { name: "no-spec", spec: "none", says: /spec/ },
  ];
  for (const { name, spec } of sets) {
    await world().client.apply(argo("ApplicationSet", name, { spec }), { manager: "test", signal });
  }
  await other.commit({ o0: "2" });
  await other.converged(SERVED_WITHIN_MS);
  for (const { name, says } of sets) {
    const ref = { apiVersion: "argoproj.io/v1alpha1", kind: "ApplicationSet", namespace: "argocd", name };
    const conditions = async () => JSON.stringify((await world().client.get(ref, { signal }))?.["status"] ?? {});
    await eventually(`${name} says why`, async () => says.test(await conditions()));
  }
  await other.checkInvariants();
});

async function told(app: FaultApp, says: RegExp): Promise<void> {
  try {
    await eventually("the status says why", async () => says.test(toldBy(await app.object())), 30_000);
  } catch (error) {
    throw new Error(`${(error as Error).message}: ${toldBy(await app.object())}`, { cause: error });
  }
}

function toldBy(object: Resource | null): string {
  const { health, conditions, operationState } = (object?.["status"] ?? {}) as Record<string, { message?: string }>;
  return JSON.stringify({ health, conditions, message: operationState?.message });
}
