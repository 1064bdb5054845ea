import type { FileTree } from "#core/source/file-tree.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { RemoteBase } from "#core/source/remote-base.ts";
import { BaseAnswers } from "./base-answers.ts";
import { RecordingTree } from "./recording-tree.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { HelperPool } from "./helper-pool.ts";
import type { Question, Reply } from "./helper-process.ts";
import { answerDataKey, type DataKeys } from "./sops-data-key.ts";
import { TreeAnswers } from "./tree-answers.ts";
import type { Decryption, KustomizeBuildOptions, KustomizeOverrides, Substitution } from "#core/app/render-spec.ts";

/** What to build. */
export interface KustomizeBuild {
  readonly tree: FileTree;
  /** Folder of the kustomization, relative to the tree's root. */
  readonly path: string;
  readonly overrides?: KustomizeOverrides;
  /**
   * Builds all manifests below a path that has no kustomization, and drops unknown fields of the one at the path
   * instead of refusing them.
   */
  readonly generateIfMissing?: boolean;
  /** `enableHelm` needs helpers with all libraries. */
  readonly options?: KustomizeBuildOptions;
  /** Needs helpers with all libraries, and what opens data keys. */
  readonly decryption?: Decryption;
  readonly dataKeys?: DataKeys;
  readonly substitute?: Substitution;
  /** Files that stand before the tree's own, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What was built, in kustomize's order, and what it depends on. */
export interface KustomizeResult {
  readonly resources: readonly Resource[];
  readonly readSet: ReadSet;
  /** What of other repositories it took. */
  readonly bases: readonly RemoteBase[];
}

/**
 * Renders a kustomization by kustomize itself, offline: what it takes from other repositories stands in the tree.
 * @throws UpstreamError naming file and line where they are known; MissingBasesError when the tree lacks something of
 * another repository; whatever the tree throws when it cannot be read.
 */
export async function kustomizeBuild(
  pool: HelperPool,
  build: KustomizeBuild,
  signal: AbortSignal,
): Promise<KustomizeResult> {
  const encoder = new TextEncoder();
  const overlay = new Map(Object.entries(build.files ?? {}).map(([path, text]) => [path, encoder.encode(text)]));
  const tree = new RecordingTree(build.tree, overlay);
  const files = new TreeAnswers(tree);
  const bases = new BaseAnswers(build.tree);
  const answer = async (question: Question, scope: AbortSignal): Promise<Reply> => {
    if (question.ask === "sops.datakey") return answerDataKey(question.key, keysOf(build), scope);
    return question.ask === "base" ? bases.answer(question.base) : files.answer(question, scope);
  };
  const { path, overrides = null, generateIfMissing = false, decryption = null, substitute = null } = build;
  const input = { path, overrides, generateIfMissing, options: build.options ?? {}, decryption, substitute };
  try {
    const request = { op: "kustomize.build", input, answer };
    const { resources } = (await pool.request(request, signal)) as { resources: Resource[] };
    for (const resource of resources) mustBeVersioned(resource);
    return { resources, readSet: tree.readSet(), bases: bases.used() };
  } catch (error) {
    throw bases.causeOf(files.causeOf(error));
  }
}

function keysOf({ decryption, dataKeys }: KustomizeBuild): Parameters<typeof answerDataKey>[1] {
  if (decryption && dataKeys) return { decryption, dataKeys };
  throw new UpstreamError({ code: "died", message: "the helper asks for a data key that nothing needs" });
}

/** kustomize itself lets such an object pass. */
function mustBeVersioned({ apiVersion, kind, metadata }: Resource): void {
  if (typeof apiVersion === "string" && apiVersion !== "") return;
  throw new UpstreamError({ code: "invalid", message: `${kind} ${metadata.name} has no apiVersion` });
}
