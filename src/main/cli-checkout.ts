import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { GitCredential } from "#adapters/git/git-credential.ts";
import { credentialOf } from "#adapters/git/git-fetcher.ts";
import type { GitRepository } from "#adapters/git/git-repository.ts";
import { GitStore } from "#adapters/git/git-store.ts";
import type { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { upstreamRenderer } from "#adapters/upstream/upstream-renderer.ts";
import type { AppSource } from "#core/app/app.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { GitRef } from "#core/source/git-ref.ts";
import { ignoredTree } from "#core/source/source-ignore.ts";
import type { Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient, Rendered } from "#engine/ports.ts";
import { type FoundApp, sourceOfApp, usableApp } from "./cli-app-record.ts";
import { withHelpers } from "./cli-files.ts";

/** The repository of an app, fetched into a folder that is gone afterwards. */
export interface Checkout {
  readonly source: Source;
  readonly declared: AppSource;
  readonly repository: GitRepository;
  /** What the tracked ref stands for now. */
  readonly head: { readonly commit: string; readonly refName: string | null };
  /** The same repository with another credential. */
  open(credential: GitCredential): GitRepository;
  /** What the app's path renders to in a tree. @throws RenderError */
  render(tree: FileTree, signal: AbortSignal): Promise<Rendered>;
}

/** Does `work` with the repository of an app, reached with the app's own credential. */
export async function withCheckout<T>(
  { client, record }: FoundApp,
  work: (checkout: Checkout) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const declared = usableApp(record).sources[0];
  if (!declared) throw new CliError(`Cannot read ${record.key}: it names no source`, { exitCode: exitCode.refused });
  const source = await sourceOfApp(client, record, signal);
  if (source.remote.kind !== "git") {
    throw new CliError(`Cannot check out ${record.key}: its source is no Git repository`, {
      exitCode: exitCode.refused,
    });
  }
  const credential = credentialOf(source.url, await secretOf(client, source, signal));
  const directory = await mkdtemp(join(tmpdir(), "holdfast-git-"));
  const store = new GitStore({ directory, allowFileUrls: false });
  try {
    const repository = store.open({ url: source.url, credential });
    const head = await resolved(repository, source.ref as GitRef, signal);
    const open = (other: GitCredential) => store.open({ url: source.url, credential: other });
    return await withHelpers((pools) =>
      work({ source, declared, repository, head, open, render: renderer(pools, source, declared) }),
    );
  } finally {
    await store.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** The commit that a person's word stands for: a hash, whole or short, a revision text, a branch or a tag. */
export async function commitOf(repository: GitRepository, word: string, signal: AbortSignal): Promise<string> {
  const plain = /(?:^|@)sha(?:1|256):([0-9a-f]+)$/.exec(word)?.[1] ?? word;
  if (/^[0-9a-f]{40}$/.test(plain)) {
    await repository.fetchCommit(plain, signal);
    return plain;
  }
  return (await resolved(repository, { kind: "auto", value: plain }, signal)).commit;
}

/** What a ref stands for on the server now. @throws SourceError */
export async function resolved(
  repository: GitRepository,
  ref: GitRef,
  signal: AbortSignal,
): Promise<{ commit: string; refName: string | null }> {
  const [result] = await repository.sync([ref], { timeoutMs: 60_000 }, signal);
  if (!result || "error" in result) throw result?.error ?? new Error(`Cannot resolve ${ref.value}: no answer`);
  return { commit: result.commit, refName: result.refName };
}

function renderer(pools: HelperPools, source: Source, declared: AppSource): Checkout["render"] {
  const upstream = upstreamRenderer(pools);
  return async (tree, signal) => {
    const visible = source.ignore === undefined ? tree : await ignoredTree(tree, source.ignore, signal);
    return upstream.render({ tree: visible, path: declared.path, spec: declared.render }, signal);
  };
}

async function secretOf(
  client: ClusterClient,
  source: Source,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<ClusterClient["get"]>>> {
  if (!source.secrets.credential) return null;
  const { namespace, name } = source.secrets.credential;
  const secret = await client.get({ apiVersion: "v1", kind: "Secret", namespace, name }, { signal });
  if (secret) return secret;
  throw new CliError(`Cannot read the repository: Secret ${namespace}/${name} does not exist`, {
    advice: `Create it: kubectl create secret generic ${name} -n ${namespace} --from-literal=username=… --from-literal=password=…`,
    exitCode: exitCode.notFound,
  });
}
