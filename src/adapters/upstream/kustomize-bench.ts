import { goProgramPath } from "#adapters/go-program.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { MemoryFile } from "#core/source/memory-tree.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { kustomizeBuild } from "./kustomize-build.ts";
import type { KustomizeBuild, KustomizeResult } from "./kustomize-build.ts";
import { UpstreamError } from "./upstream-error.ts";

const signal = new AbortController().signal;

/** A ConfigMap as YAML. */
export const configMap = (name: string, extra = "") =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\n${extra}`;
/** A Deployment of one container as YAML. */
export const deployment = (image: string) => `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - name: web
        image: ${image}
`;
/** Two overlays over one base. */
export const shop: Record<string, MemoryFile> = {
  "base/kustomization.yaml": "resources: [web.yaml, settings.yaml]\n",
  "base/web.yaml": deployment("registry.example/web:1.0"),
  "base/settings.yaml": configMap("settings", "data: {color: blue}\n"),
  "staging/kustomization.yaml": "namespace: staging\nnamePrefix: s-\nresources: [../base]\n",
  "production/kustomization.yaml":
    "namespace: production\nresources: [../base]\nimages: [{name: registry.example/web, newTag: '2.0'}]\n",
};

/** What a test asks to build of files. */
export type Wanted = Omit<KustomizeBuild, "tree">;

/** Builds on a pool of the test's own. */
export class KustomizeBench {
  readonly pool = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream")));

  build(files: Record<string, MemoryFile>, wanted: Wanted): Promise<KustomizeResult> {
    return kustomizeBuild(this.pool, { tree: memoryTree(files), ...wanted }, signal);
  }

  async names(files: Record<string, MemoryFile>, wanted: Wanted): Promise<string[]> {
    const { resources } = await this.build(files, wanted);
    return resources.map(({ kind, metadata }) => `${kind} ${metadata.namespace ?? "-"}/${metadata.name}`);
  }

  async refusal(files: Record<string, MemoryFile>, wanted: Wanted): Promise<UpstreamError> {
    const error = await this.build(files, wanted).catch((thrown: unknown) => thrown);
    if (error instanceof UpstreamError) return error;
    throw new Error(`not refused: ${JSON.stringify(error)}`);
  }
}
