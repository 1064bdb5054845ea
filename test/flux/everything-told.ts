import { gzipSync } from "node:zlib";
import type { FluxWorld, Space } from "./flux-world.ts";

const { signal } = new AbortController();

/** Everything that the controller wrote or said, for whoever may read it. */
export async function everythingTold(world: FluxWorld, space: Space): Promise<string> {
  const kinds = [
    { group: "kustomize.toolkit.fluxcd.io", kind: "Kustomization" },
    { group: "source.toolkit.fluxcd.io", kind: "GitRepository" },
    { group: "source.toolkit.fluxcd.io", kind: "OCIRepository" },
    { group: "holdfast.dev", kind: "Inventory" },
    { group: "source.toolkit.fluxcd.io", kind: "HelmChart" },
    { group: "helm.toolkit.fluxcd.io", kind: "HelmRelease" },
    { group: "", kind: "Event" },
  ];
  const objects = [];
  for (const kind of kinds) {
    const lookup = await world.client.kind(kind, { signal });
    if (lookup.known !== "yes") throw new Error(`${kind.kind} is not served`);
    objects.push(await world.client.list(lookup.info, { namespace: space.name }, { signal }));
  }
  const { lines, audit } = world.engine;
  return JSON.stringify([objects, lines, audit]);
}

/** A text as it may turn up: plain, within JSON, in base64 at any offset, compressed. */
export function formsOf(canary: string): readonly string[] {
  const offsets = ["", "a", "ab"].map((before) => Buffer.from(`${before}${canary}`).toString("base64").slice(4, -4));
  const packed = gzipSync(canary).toString("base64").slice(16, 36);
  return [canary, JSON.stringify(canary).slice(1, -1), ...offsets, packed];
}
