import type { Rendered } from "#core/app/rendered.ts";
import type { GitCredential } from "#adapters/git/git-credential.ts";
import { repositorySpecOf } from "#adapters/git/git-fetcher.ts";
import { proxyOf } from "#adapters/git/git-proxy.ts";
import type { GitRepository } from "#adapters/git/git-repository.ts";
import type { AppSource } from "#core/app/app.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { Source } from "#core/source/source.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient, Repository, SourceSecrets } from "#engine/ports.ts";
import { readSecret, secretsOf } from "#engine/source-secrets.ts";
import { visibleTree } from "#engine/source-tree.ts";
import { type FoundApp, sourceOfApp, usableApp } from "./cli-app-record.ts";
import { type Fetching, withFetchers } from "./cli-fetchers.ts";
import { renderWithBases } from "./cli-render-bases.ts";
import { resolved } from "./cli-resolved.ts";
import { completedSource } from "./cli-complete-render.ts";

/** The repository of an app, fetched into a folder that is gone afterwards. */
export interface Checkout {
  readonly source: Source;
  readonly declared: AppSource;
  readonly repository: Repository;
  /** What the tracked ref stands for now. */
  readonly head: { readonly commit: string; readonly refName: string | null };
  /** The same Git repository with another credential; null: the app's own. */
  open(credential: GitCredential | null): GitRepository;
  /** What the app's path renders to in a tree. @throws RenderError */
  render(tree: FileTree, signal: AbortSignal): Promise<Rendered>;
}

/** Does `work` with the repository of an app, reached with the app's own credential. */
export async function withCheckout<T>(
  { client, record, pluginDir }: FoundApp,
  work: (checkout: Checkout) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const declared = usableApp(record).sources[0];
  if (!declared) throw new CliError(`Cannot read ${record.key}: it names no source`, { exitCode: exitCode.refused });
  if (usableApp(record).sources.length > 1) {
    throw new CliError(`Cannot do this with ${record.key}: it takes from several sources`, {
      advice: "This command knows the files of one repository only.",
      exitCode: exitCode.refused,
    });
  }
  const source = await sourceOfApp(client, record, signal);
  if (source.includes) {
    throw new CliError(`Cannot read the source of ${record.key}: it includes other sources`, {
      advice: "This command knows the files of one repository only.",
      exitCode: exitCode.refused,
    });
  }
  return withRepository(
    { client, source, ...(pluginDir !== undefined && { pluginDir }) },
    async ({ repository, open, ...fetching }) => {
      const head = await resolved(repository, source.ref, signal);
      return work({
        source,
        declared,
        repository,
        head,
        open,
        render: renderer(fetching, { client, record, source, declared, head }),
      });
    },
    signal,
  );
}

/** Does `work` with the repository of a source, reached with the source's own credential. */
export async function withRepository<T>(
  by: { readonly client: ClusterClient; readonly source: Source; readonly pluginDir?: string },
  work: (opened: Pick<Checkout, "repository" | "open"> & Fetching) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const { client, source } = by;
  const secrets = await existingSecrets(client, source, signal);
  return withFetchers((fetching) => {
    const { fetchers } = fetching;
    const { url } = source;
    const open = (credential: GitCredential | null) =>
      fetchers.git.open(
        credential
          ? { url, credential, ...(secrets.proxy && { proxy: proxyOf(secrets.proxy) }) }
          : repositorySpecOf(source, secrets, fetchers.clouds),
      );
    return work({ repository: fetchers.open(source, secrets), open, ...fetching });
  }, by);
}

/** What a person's word stands for: a hash, whole or short, a digest, a revision text, a branch or a tag. */
export async function commitOf(
  { source, repository }: Pick<Checkout, "source" | "repository">,
  word: string,
  signal: AbortSignal,
): Promise<string> {
  if (source.ref.kind === "chart") return (await resolved(repository, { ...source.ref, version: word }, signal)).commit;
  if (source.remote.kind !== "git") {
    const digest = /(?:^|@)(sha256:[0-9a-f]{64})$/.exec(word)?.[1];
    if (digest === undefined) return (await resolved(repository, { kind: "tag", value: word }, signal)).commit;
    await repository.fetchCommit(digest, signal);
    return digest;
  }
  const plain = /(?:^|@)sha(?:1|256):([0-9a-f]+)$/.exec(word)?.[1] ?? word;
  if (/^[0-9a-f]{40}$/.test(plain)) {
    await repository.fetchCommit(plain, signal);
    return plain;
  }
  return (await resolved(repository, { kind: "auto", value: plain }, signal)).commit;
}

/** Renders any tree as the tracked one is rendered. */
function renderer(
  fetching: Fetching,
  { source, declared, head, ...found }: FoundApp & Pick<Checkout, "source" | "declared" | "head">,
): Checkout["render"] {
  const revision = found.record.dialect.revisionOf(source, head.commit, head.refName);
  return async (whole, signal) => {
    const tree = await visibleTree({ source, whole, included: [] }, signal);
    const spec = await completedSource(found, { declared, tree, revision }, signal);
    return renderWithBases(fetching, { tree, path: declared.path, spec, record: found.record }, signal);
  };
}

async function existingSecrets(client: ClusterClient, source: Source, signal: AbortSignal): Promise<SourceSecrets> {
  for (const name of Object.values(source.secrets)) {
    if (!(await readSecret(client, name, signal))) throw missingSecret(name.namespace, name.name);
  }
  return await secretsOf(client, source, signal);
}

function missingSecret(namespace: string, name: string): CliError {
  return new CliError(`Cannot read the repository: Secret ${namespace}/${name} does not exist`, {
    advice: `Create it: kubectl create secret generic ${name} -n ${namespace} --from-literal=username=… --from-literal=password=…`,
    exitCode: exitCode.notFound,
  });
}
