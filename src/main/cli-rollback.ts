import type { RollbackView } from "#contract/rollback-view.ts";
import { maskSecretPair, maskSecrets } from "#core/diff/mask-secrets.ts";
import { unifiedDiff } from "#core/diff/line-diff.ts";
import { yamlText } from "#core/diff/yaml-text.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { FileChange, PushedChange } from "#adapters/git/commit-push.ts";
import { GitError } from "#adapters/git/git-error.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { RollbackActions, RollbackQuery } from "#cli/rollback.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, findApp, type FoundApp, usableApp } from "./cli-app-record.ts";
import { refText } from "./cli-app-view.ts";
import { type Checkout, commitOf, withCheckout } from "./cli-checkout.ts";
import { resolved } from "./cli-resolved.ts";
import { commitAuthor, commitSigning, personCredential } from "./cli-git-person.ts";
import { historyOf } from "./cli-history.ts";
import { noteEvent } from "./cli-note-event.ts";
import { askToReconcile } from "./cli-reconcile.ts";
import { type RollbackFiles, rollbackFiles } from "./cli-rollback-files.ts";
import { ownerOfApp } from "./cli-owner.ts";
import { withClient } from "./cli-session.ts";
import { operationBackTo, rollbackRefusal } from "./cli-operation.ts";
import { waitForApp, waitForOperation } from "./cli-wait.ts";

/** Goes back by one new commit, and watches what comes of it. */
export const rollbackActions: RollbackActions = {
  rollback: (query, signal) => withClient(query, (client) => rollback(client, query, signal), signal),
  rollbackById: (query, signal) => withClient(query, (client) => rollbackById(client, query, signal), signal),
  wait: (query, signal) =>
    withClient(
      query,
      async (client) => {
        const record = await findApp(client, query, signal);
        const isManual = usableApp(record).policy.mode === "manual";
        await askToReconcile({ client, record }, { sync: isManual, prune: false }, signal);
        await waitForApp({ client, record }, { ...query, token: null, operationAfter: null }, signal);
      },
      signal,
    ),
};

async function rollbackById(
  client: ClusterClient,
  query: RollbackQuery & { id: number; wait: boolean; timeoutMs: number },
  signal: AbortSignal,
): Promise<string> {
  const record = await findApp(client, query, signal);
  const refusal = rollbackRefusal(record);
  if (refusal) throw refusal;
  const operation = operationBackTo(record, query.id);
  query.onProgress(`Asking ${record.key} to go back to entry ${query.id}`);
  const asked = await askToReconcile({ client, record }, { sync: true, prune: true, operation }, signal);
  if (query.wait) await waitForOperation({ client, record }, { ...asked, ...query }, signal);
  return record.key;
}

async function rollback(client: ClusterClient, query: RollbackQuery, signal: AbortSignal): Promise<RollbackView> {
  const record = await findApp(client, query, signal);
  if (usableApp(record).release) throw await releaseRefusal({ client, record }, signal);
  query.onProgress(`Reading the repository of ${record.key}`);
  return withCheckout(
    { client, record },
    (checkout) => rollbackIn(client, { record, checkout, query }, signal),
    signal,
  );
}

/** What a release is made of stands in its spec, so its way back is that of the app which declares it. */
async function releaseRefusal({ client, record }: FoundApp, signal: AbortSignal): Promise<CliError> {
  const above = await ownerOfApp({ client, record }, signal);
  const advice = above
    ? `Go back in Git with the app that declares it: holdfast rollback ${above.key}`
    : `Set chart version and values as they were; see which: holdfast history ${record.key}`;
  const message = `Cannot roll ${record.key} back: a release would be upgraded again to what its spec says`;
  return new CliError(message, { advice, exitCode: exitCode.refused });
}

const FIXED_REFS: readonly string[] = ["tag", "semver", "commit"];

interface Place {
  readonly record: AppRecord;
  readonly checkout: Checkout;
  readonly query: RollbackQuery;
}

async function rollbackIn(client: ClusterClient, place: Place, signal: AbortSignal): Promise<RollbackView> {
  const { record, checkout, query } = place;
  const { head, source, repository } = checkout;
  if (source.remote.kind !== "git") {
    throw new CliError(`Cannot roll ${record.key} back: its source is no Git repository`, {
      advice: "Push the earlier content under the same tag, or name its digest in the source.",
      exitCode: exitCode.refused,
    });
  }
  const hasSubmodules = (await repository.tree(head.commit, signal)).entry(".gitmodules") !== undefined;
  if (source.remote.submodules && hasSubmodules) {
    throw new CliError(`Cannot roll ${record.key} back: its source has submodules`, {
      advice: "Revert the commit with git, which knows what is in which repository.",
      exitCode: exitCode.refused,
    });
  }
  const tracked = await trackedBranch(checkout, signal);
  if (tracked === null && query.branch === undefined) throw unknownBranch(record);
  const branch = query.branch ?? tracked ?? "";
  const { to, target, files } = await chosenTarget(place, signal);
  const sign = await commitSigning(signal);
  const view: RollbackView = {
    app: record.key,
    to,
    branch,
    commit: null,
    signed: sign !== null,
    files: files.paths,
    diff: renderedDiff(files),
  };
  if (files.paths.length === 0 || query.dryRun) return view;
  query.onProgress(`Pushing to ${branch}`);
  const change: PushedChange = {
    branch,
    parent: head.commit,
    changes: await changesOf(target, files.paths, signal),
    author: await commitAuthor(query.author, signal),
    message: query.message ?? messageFor(record, { to, head: head.commit, files: files.paths }),
    ...(sign ? { sign } : {}),
  };
  const { commit } = await pushed(checkout, change, signal);
  await noteEvent(
    { client, record },
    { reason: "RolledBack", message: `rolled back to ${to} by commit ${commit}` },
    signal,
  );
  return { ...view, commit };
}

/** Pushes with the app's credential, which may only read; then with the person's own. @throws CliError with the way out */
async function pushed(checkout: Checkout, change: PushedChange, signal: AbortSignal): Promise<{ commit: string }> {
  const { source } = checkout;
  try {
    return await checkout.open(null).commitAndPush(change, signal);
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    if (error.code === "rejected") {
      const advice = "The branch may have moved meanwhile, or is protected: run it again, or use --branch NAME.";
      throw new CliError(error.message, { advice, exitCode: exitCode.refused, cause: error });
    }
    const own = error.code === "authentication" ? await personCredential(source.url, signal) : null;
    if (own) return checkout.open(own).commitAndPush(change, signal);
    if (error.code !== "authentication") throw error;
    throw new CliError(error.message, {
      advice: "The app's credential may not push, and git knows no other for this address: git credential-store --help",
      exitCode: exitCode.refused,
      cause: error,
    });
  }
}

/** The named revision, or the newest earlier one that succeeded and differs from the head. */
async function chosenTarget(
  place: Place,
  signal: AbortSignal,
): Promise<{ to: string; target: FileTree; files: RollbackFiles }> {
  const { record, checkout, query } = place;
  if (query.to !== undefined) return targetAt(checkout, await commitOf(checkout, query.to, signal), signal);
  const past = historyOf(record).filter((entry) => entry.succeeded && entry.commit !== checkout.head.commit);
  for (const commit of new Set(past.map((entry) => entry.commit))) {
    if (!/^[0-9a-f]{40}$/.test(commit)) continue;
    const found = await targetAt(checkout, await commitOf(checkout, commit, signal), signal);
    if (found.files.paths.length > 0) return found;
  }
  throw new CliError(`Cannot tell what to roll ${record.key} back to: its history has no other state`, {
    advice: "Name a commit with --to; git log shows them.",
    exitCode: exitCode.refused,
  });
}

async function targetAt(
  checkout: Checkout,
  to: string,
  signal: AbortSignal,
): Promise<{ to: string; target: FileTree; files: RollbackFiles }> {
  const head = await checkout.repository.tree(checkout.head.commit, signal);
  const target = await checkout.repository.tree(to, signal);
  const files = await rollbackFiles({ head, target, render: (tree, scope) => checkout.render(tree, scope) }, signal);
  return { to, target, files };
}

/** The branch that the app follows; null when HEAD is followed and no usual branch stands there. @throws CliError */
async function trackedBranch(checkout: Checkout, signal: AbortSignal): Promise<string | null> {
  const { source, head, repository } = checkout;
  const branch = /^refs\/heads\/(.+)$/.exec(head.refName ?? "")?.[1];
  if (branch !== undefined && !FIXED_REFS.includes(source.ref.kind)) return branch;
  if (head.refName !== "HEAD") {
    throw new CliError(
      `Cannot roll back: the app follows ${refText(source)}, where a commit on a branch does not arrive`,
      {
        advice: "Set the revision in its spec to the one you want, or let it follow a branch.",
        exitCode: exitCode.refused,
      },
    );
  }
  for (const name of ["main", "master"]) {
    const candidate = await resolved(repository, { kind: "branch", value: name }, signal).catch(() => null);
    if (candidate?.commit === head.commit) return name;
  }
  return null;
}

function unknownBranch(record: AppRecord): CliError {
  return new CliError(`Cannot roll back ${record.key}: it follows HEAD, and which branch that is cannot be told`, {
    advice: "Name the branch in its spec, or push for a pull request with --branch NAME.",
    exitCode: exitCode.refused,
  });
}

async function changesOf(
  target: FileTree,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, FileChange>> {
  const kept = paths.filter((path) => target.entry(path) !== undefined);
  const contents = kept.length > 0 ? await target.read(kept, signal) : new Map<string, Uint8Array>();
  return new Map(
    paths.map((path): [string, FileChange] => {
      const entry = target.entry(path);
      const content = contents.get(path);
      if (!entry || !content) return [path, null];
      return [path, { content, mode: entry.type === "link" ? "link" : entry.executable ? "executable" : "file" }];
    }),
  );
}

function messageFor(record: AppRecord, change: { to: string; head: string; files: readonly string[] }): string {
  const { name } = record.object.metadata;
  const files = change.files.map((path) => `  ${path}`).join("\n");
  return `Roll back ${name} to ${change.to.slice(0, 10)}

Restores what ${record.key} reads as of ${change.to};
everything else stays as of ${change.head}.

${files}
`;
}

function renderedDiff({ before, after }: RollbackFiles): string {
  if (!before) return "";
  const old = new Map(before.resources.map((resource) => [keyOf(resource), resource]));
  const now = new Map(after.resources.map((resource) => [keyOf(resource), resource]));
  const keys = [...new Set([...old.keys(), ...now.keys()])].sort();
  return keys.map((key) => objectDiff(key, old.get(key), now.get(key))).join("");
}

function objectDiff(key: string, before: Resource | undefined, after: Resource | undefined): string {
  const pair =
    before && after ? maskSecretPair(before, after) : [before && maskSecrets(before), after && maskSecrets(after)];
  const [old, now] = pair.map((resource) => (resource ? yamlText(resource) : ""));
  const text = unifiedDiff(old ?? "", now ?? "");
  return text === "" ? "" : `--- ${key}\n+++ ${key}\n${text}`;
}
