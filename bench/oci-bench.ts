import type { Resource } from "#core/resource/resource.ts";
import { type OciRegistry, startOciRegistry } from "../test/support/oci-registry.ts";
import { type BenchDialect, flux, kustomization } from "./bench-dialect.ts";
import { artifactFiles } from "./workload.ts";

const SOURCE = { apiVersion: "source.toolkit.fluxcd.io/v1", kind: "OCIRepository" };
const NAMESPACE = "bench-oci";
let registry: OciRegistry;

/** Kustomizations that have an artifact each. */
export const oci: BenchDialect = {
  name: "oci",
  namespace: NAMESPACE,
  kind: flux.kind,
  publish: async ({ apps }) => {
    registry = await startOciRegistry();
    for (let app = 0; app < apps; app++) await push(app, "info");
    return "latest@";
  },
  common: () => [],
  app: (index) => {
    const sourceRef = { kind: "OCIRepository", name: `a${index}` };
    return [source(index), kustomization(index, { path: "./", targetNamespace: NAMESPACE, sourceRef })];
  },
  change: async ({ client, signal }, { app, level }) => {
    const digest = await push(app, level);
    const annotations = { "reconcile.fluxcd.io/requestedAt": `${Date.now()}` };
    const ref = { ...SOURCE, namespace: "flux-system", name: `a${app}` };
    await client.patch(ref, { metadata: { annotations } }, { type: "merge", manager: "bench", signal });
    changed = { name: `a${app}`, digest };
    return "latest@";
  },
  isSettled: (object, revision) => {
    const status = object["status"] as { lastAppliedRevision?: string } | undefined;
    const applied = status?.lastAppliedRevision ?? "";
    if (changed?.name === object.metadata.name && !applied.endsWith(changed.digest)) return false;
    return applied.startsWith(revision) && flux.isSettled(object, applied);
  },
  stop: () => registry.stop(),
};

/** The artifact that is newer than what was there at first. */
let changed: { readonly name: string; readonly digest: string } | null = null;

function push(app: number, level: string): Promise<string> {
  return registry.push(`bench/a${app}`, "latest", { files: artifactFiles(app, level) });
}

function source(index: number): Resource {
  const spec = { url: registry.url(`bench/a${index}`), interval: "10m", insecure: true, ref: { tag: "latest" } };
  return { ...SOURCE, metadata: { name: `a${index}`, namespace: "flux-system" }, spec };
}
