import { setTimeout as pause } from "node:timers/promises";
import { beforeAll, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { useFaultWorld } from "./faults/fault-world.ts";
import { eventually } from "./support/eventually.ts";

const world = useFaultWorld();
const { signal } = new AbortController();
const merge = { type: "merge", manager: "test", signal } as const;
const crds = ["kustomizations.kustomize.toolkit.fluxcd.io", "applications.argoproj.io"];
const huge = "x".repeat(300_000);

/** Definitions of other versions check less, so that the controller must not rely on them. */
beforeAll(async () => {
  const { client } = world();
  for (const name of crds) {
    const ref = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", namespace: "", name };
    const definition = await client.get(ref, { signal });
    const { versions } = (definition?.["spec"] ?? { versions: [] }) as { versions: object[] };
    const schema = { openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true } };
    await client.patch(ref, { spec: { versions: versions.map((version) => ({ ...version, schema })) } }, merge);
  }
});

interface BadSpec {
  readonly dialect: "flux" | "argocd";
  readonly spec: Record<string, unknown>;
  /** The field that the condition names. */
  readonly field: string;
}

const cases: BadSpec[] = [
  { dialect: "flux", spec: { interval: "soon" }, field: "spec.interval" },
  { dialect: "flux", spec: { interval: 5 }, field: "spec.interval" },
  { dialect: "flux", spec: { timeout: "1h;rm" }, field: "spec.timeout" },
  { dialect: "flux", spec: { path: 5 }, field: "spec.path" },
  { dialect: "flux", spec: { prune: "yes" }, field: "spec.prune" },
  { dialect: "flux", spec: { sourceRef: "shop" }, field: "spec.sourceRef" },
  { dialect: "flux", spec: { patches: "none" }, field: "spec.patches" },
  { dialect: "flux", spec: { dependsOn: [{ name: 7 }] }, field: "spec.dependsOn" },
  { dialect: "flux", spec: { interval: huge }, field: "spec.interval" },
  { dialect: "argocd", spec: { source: "text" }, field: "spec.source" },
  { dialect: "argocd", spec: { destination: null }, field: "Destination server" },
  {
    dialect: "argocd",
    spec: { syncPolicy: { retry: { backoff: { duration: "soon" } } } },
    field: "spec.syncPolicy.retry.backoff.duration",
  },
  { dialect: "argocd", spec: { syncPolicy: { automated: "yes" } }, field: "spec.syncPolicy.automated" },
  { dialect: "argocd", spec: { syncPolicy: { retry: { limit: "many" } } }, field: "spec.syncPolicy.retry.limit" },
  { dialect: "argocd", spec: { project: huge }, field: "project" },
];

const nameOf = ({ dialect, spec, field }: BadSpec) => `${dialect}: ${field} (${JSON.stringify(spec).slice(0, 60)})`;

describe("a spec with a field that cannot be: the condition names it, and the rest of the kind works", () => {
  test.each(cases.map((one) => ({ ...one, name: nameOf(one) })))("$name", async ({ dialect, spec, field }) => {
    const app = await world().appOf(dialect, { objects: 2 });
    const other = await world().appOf(dialect, { objects: 2 });
    await world().startController();
    await app.converged();
    await other.converged();
    const before = await app.uids();
    const good = (await app.object())?.["spec"] as Record<string, unknown>;
    await world().client.patch(app.dialect.app, { spec }, merge);
    try {
      await eventually("the condition names the field", async () => isRefused(await app.object(), field));
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${(await app.messages()).slice(0, 500)}`, { cause: error });
    }
    expect((await app.messages()).length).toBeLessThan(20_000);
    const from = world().proxy.requests.length;
    await pause(1_000);
    const since = world().proxy.requests.slice(from);
    expect(since.filter(({ path }) => path.includes(`/${app.dialect.app.name}`)).length).toBeLessThanOrEqual(1);
    await other.commit({ o0: "2" });
    await other.converged();
    expect(await app.uids()).toEqual(before);
    const old = Object.fromEntries(Object.keys(spec).map((key) => [key, good[key] ?? null]));
    await world().client.patch(app.dialect.app, { spec: { ...old, suspend: null } }, merge);
    const mended = await world().client.get(app.dialect.app, { signal });
    if (dialect === "argocd" && mended) {
      const patch = [{ op: "replace", path: "/spec", value: good }];
      await world().client.patch(app.dialect.app, patch, { type: "json", manager: "test", signal });
    }
    await app.commit({ o1: "2" });
    await app.converged();
    expect(await app.uids()).toEqual(before);
    await app.checkInvariants();
    await other.checkInvariants();
  });
});

function isRefused(object: Resource | null, field: string): boolean {
  const { conditions = [] } = (object?.["status"] ?? {}) as {
    conditions?: { type: string; status?: string; message?: string }[];
  };
  return conditions.some(
    ({ type, status, message = "" }) =>
      ((type === "Stalled" && status === "True") || type === "InvalidSpecError") && message.includes(field),
  );
}
