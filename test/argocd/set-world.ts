import type { Resource } from "#core/resource/resource.ts";
import { eventually } from "../support/eventually.ts";
import { type ArgoWorld, IN_CLUSTER } from "./argo-world.ts";

const { signal } = new AbortController();

/** The members of an ApplicationSet that tests look at. */
interface SetView {
  readonly object: Resource;
  /** `TYPE=STATUS REASON: message` */
  readonly conditions: readonly string[];
  readonly rows: readonly string[];
}

/** What tests do with the ApplicationSets of a world. */
export function setsIn(world: ArgoWorld) {
  const refTo = (name: string, kind = "ApplicationSet") => ({
    apiVersion: "argoproj.io/v1alpha1",
    kind,
    namespace: "argocd",
    name,
  });

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

  async function apply(
    name: string,
    spec: Record<string, unknown>,
    metadata: Record<string, unknown> = {},
  ): Promise<Resource> {
    const { object } = await world.client.apply(
      {
        apiVersion: "argoproj.io/v1alpha1",
        kind: "ApplicationSet",
        metadata: { name, namespace: "argocd", ...metadata },
        spec,
      },
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

  return { apply, apps, names, refTo, setNow, templateOf, untilNames, untilSet };
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
