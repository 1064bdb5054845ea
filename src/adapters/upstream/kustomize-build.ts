import type { FileTree } from "#core/source/file-tree.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { Resource } from "#core/resource/resource.ts";
import { RecordingTree } from "./recording-tree.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { HelperPool } from "./helper-pool.ts";
import type { Question, Reply } from "./helper-process.ts";
import type { Decryption, KustomizeOverrides, Substitution } from "#core/app/render-spec.ts";

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
  /** Needs helpers with all libraries. */
  readonly decryption?: Decryption;
  readonly substitute?: Substitution;
  /** Files that stand before the tree's own, by path. */
  readonly files?: Readonly<Record<string, string>>;
}

/** What was built, in kustomize's order, and what it depends on. */
export interface KustomizeResult {
  readonly resources: readonly Resource[];
  readonly readSet: ReadSet;
}

/**
 * Renders a kustomization by kustomize itself, offline.
 * @throws UpstreamError naming file and line where they are known; whatever the tree throws when it cannot be read.
 */
export async function kustomizeBuild(
  pool: HelperPool,
  build: KustomizeBuild,
  signal: AbortSignal,
): Promise<KustomizeResult> {
  const encoder = new TextEncoder();
  const overlay = new Map(Object.entries(build.files ?? {}).map(([path, text]) => [path, encoder.encode(text)]));
  const tree = new RecordingTree(build.tree, overlay);
  const failures: unknown[] = [];
  const answer = async (question: Question, scope: AbortSignal): Promise<Reply> => {
    try {
      return await answerFrom(tree, question, scope);
    } catch (error) {
      scope.throwIfAborted();
      // Told to the helper, it ends the request and lives on.
      if (!(error instanceof UpstreamError)) failures.push(error);
      return { message: { error: refusalOf(error) } };
    }
  };
  const { path, overrides = null, generateIfMissing = false, decryption = null, substitute = null } = build;
  const input = { path, overrides, generateIfMissing, decryption, substitute };
  try {
    const request = { op: "kustomize.build", input, answer };
    const { resources } = (await pool.request(request, signal)) as { resources: Resource[] };
    for (const resource of resources) mustBeVersioned(resource);
    return { resources, readSet: tree.readSet() };
  } catch (error) {
    throw failures[0] ?? error;
  }
}

/** kustomize itself lets such an object pass. */
function mustBeVersioned({ apiVersion, kind, metadata }: Resource): void {
  if (typeof apiVersion === "string" && apiVersion !== "") return;
  throw new UpstreamError({ code: "invalid", message: `${kind} ${metadata.name} has no apiVersion` });
}

async function answerFrom(tree: RecordingTree, question: Question, signal: AbortSignal): Promise<Reply> {
  if (question.ask === "list") {
    const { located, children } = await tree.list(question.path, signal);
    return { message: { ...located, entries: children } };
  }
  if (question.ask === "look") return { message: await tree.look(question.path, signal) };
  const { located, content } = await tree.read(question.path, signal);
  return content === undefined ? { message: located } : { message: located, attachment: content };
}

function refusalOf(error: unknown): object {
  if (!(error instanceof UpstreamError)) return { code: "read-failed", message: "the source cannot be read" };
  const { code, file, line } = error;
  const message = file === undefined ? error.message : error.message.slice(error.message.indexOf(": ") + 2);
  return { code, message, file, line };
}
