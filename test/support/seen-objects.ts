import type { Resource } from "#core/resource/resource.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";

const { signal } = new AbortController();

/** A Deployment as a manifest, with members of its container besides. */
export function webDeployment(name: string, extra: object = {}): Resource {
  const containers = [{ name: "web", image: "registry.example/web:1.0.0", resources: {}, ...extra }];
  const spec = {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    strategy: {},
    template: { metadata: { labels: { app: name } }, spec: { containers } },
  };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec };
}

/** A ConfigMap as an object. */
export function config(name: string, data: object = { value: "1" }): Resource {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

/** Every object of some kinds (group and kind) in some namespaces, with its version: whatever is written there shows. */
export async function versionsOf(
  client: ConnectedCluster,
  kinds: readonly (readonly [string, string])[],
  namespaces: readonly string[],
): Promise<Readonly<Record<string, string>>> {
  const all: Record<string, string> = {};
  for (const [group, kind] of kinds) {
    const lookup = await client.kind({ group, kind }, { signal });
    if (lookup.known !== "yes") continue;
    for (const namespace of namespaces) {
      for (const { metadata } of await client.list(lookup.info, { namespace }, { signal })) {
        const { name, uid, generation, resourceVersion } = metadata;
        // Workload controllers tell of pods whenever these change.
        all[`${kind}/${namespace}/${name}`] = `${uid} ${kind === "Deployment" ? generation : resourceVersion}`;
      }
    }
  }
  return all;
}

/** Objects that came, went or were written between two looks, by kind, namespace and name. */
export function changed(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort();
}

/** The engine's own records among what was looked at. */
export function inventoriesOf(versions: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(versions).filter((name) => name.startsWith("Inventory/"));
}

/** An object as a rollout or a re-creation would change it. */
export function fingerprint(object: Resource | null): object {
  const { uid, generation, managedFields = [] } = object?.metadata ?? {};
  const owners = managedFields
    .filter(({ subresource }) => !subresource)
    .map(({ manager, operation, fieldsV1 }) => ({ manager, operation, fieldsV1 }));
  const template = (object?.["spec"] as { template?: unknown } | undefined)?.template;
  return { uid, generation, owners, template };
}
