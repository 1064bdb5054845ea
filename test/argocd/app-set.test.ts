import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { eventually } from "../support/eventually.ts";
import { configMap, IN_CLUSTER, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();

const refTo = (name: string, kind = "ApplicationSet") => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind,
  namespace: "argocd",
  name,
});

interface SetView {
  readonly object: Resource;
  /** `TYPE=STATUS REASON: message` */
  readonly conditions: readonly string[];
  readonly rows: readonly string[];
}

function setView(object: Resource): SetView {
  const { conditions = [], resources = [] } = (object["status"] ?? {}) as {
    conditions?: { type: string; status: string; reason: string; message: string }[];
    resources?: { name: string; status: string; health?: { status: string } }[];
  };
  return {
    object,
    conditions: conditions.map(({ type, status, reason, message }) => `${type}=${status} ${reason}: ${message}`),
    rows: resources.map(({ name, status, health }) => `${name} ${status} ${health?.status ?? ""}`),
  };
}

async function setNow(name: string): Promise<SetView> {
  const object = await world.client.get(refTo(name), { signal });
  if (!object) throw new Error(`There is no ApplicationSet ${name}`);
  return setView(object);
}

async function untilSet(name: string, what: string, holds: (set: SetView) => boolean): Promise<SetView> {
  let last: SetView | null = null;
  await eventually(`${name}: ${what}`, async () => {
    last = await setNow(name);
    return holds(last);
  });
  return last as unknown as SetView;
}

async function apply(name: string, spec: Record<string, unknown>, metadata: Record<string, unknown> = {}): Promise<Resource> {
  const { object } = await world.client.apply(
    { apiVersion: "argoproj.io/v1alpha1", kind: "ApplicationSet", metadata: { name, namespace: "argocd", ...metadata }, spec },
    { manager: "test", signal },
  );
  return object;
}

async function apps(set: string): Promise<readonly Resource[]> {
  const lookup = await world.client.kind({ group: "argoproj.io", kind: "Application" }, { signal });
  if (lookup.known !== "yes") throw new Error("Applications are not served");
  const all = await world.client.list(lookup.info, { namespace: "argocd" }, { signal });
  return all.filter(({ metadata }) => metadata.ownerReferences?.some(({ name }) => name === set));
}

const names = async (set: string) => (await apps(set)).map(({ metadata }) => metadata.name).toSorted();

async function untilNames(set: string, wanted: readonly string[]): Promise<void> {
  await eventually(`${set} has ${wanted.join(", ")}`, async () => (await names(set)).join() === wanted.join());
}

const templateOf = (url: string, path: string, more: Record<string, unknown> = {}) => ({
  project: "default",
  source: { repoURL: url, path, targetRevision: "main" },
  destination: { server: IN_CLUSTER, namespace: "default" },
  syncPolicy: { automated: { prune: true } },
  ...more,
});

describe.concurrent("an ApplicationSet", () => {
  test("makes an Application of each folder, follows commits, and tells what became of them", async () => {
    const url = world.git.url("folders");
    await world.git.commit("folders", {
      "apps/one/a.yaml": configMap("folders-one"),
      "apps/two/a.yaml": configMap("folders-two"),
      "apps/skipped/a.yaml": configMap("folders-skipped"),
      "other/a.yaml": configMap("folders-other"),
    });
    const set = await apply("folders", {
      goTemplate: true,
      generators: [
        {
          git: {
            repoURL: url,
            revision: "main",
            requeueAfterSeconds: 2,
            directories: [{ path: "apps/*" }, { path: "apps/skipped", exclude: true }],
          },
        },
      ],
      template: {
        metadata: { name: "folders-{{.path.basename}}", labels: { folder: "{{ index .path.segments 1 | upper }}" } },
        spec: templateOf(url, "{{.path.path}}"),
      },
    });
    const done = await untilSet("folders", "both are synced", ({ rows }) => {
      return rows.join() === "folders-one Synced Healthy,folders-two Synced Healthy";
    });
    expect(done.conditions).toEqual([
      "ErrorOccurred=False ApplicationSetUpToDate: Successfully generated parameters for all Applications",
      "ParametersGenerated=True ParametersGenerated: Successfully generated parameters for all Applications",
      "ResourcesUpToDate=True ApplicationSetUpToDate: ApplicationSet up to date",
    ]);
    const [one] = await apps("folders");
    expect(one?.metadata).toMatchObject({
      labels: { folder: "ONE" },
      finalizers: ["resources-finalizer.argocd.argoproj.io"],
      ownerReferences: [{ kind: "ApplicationSet", uid: set.metadata.uid, controller: true }],
    });
    expect(one?.["spec"]).toMatchObject({ source: { path: "apps/one" } });

    await world.git.commit("folders", { "apps/three/a.yaml": configMap("folders-three"), "apps/one/a.yaml": null });
    await untilNames("folders", ["folders-three", "folders-two"]);
    await eventually("what the first had is gone", async () => {
      return (await world.client.get({ apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "folders-one" }, { signal })) === null;
    });
  });
});
