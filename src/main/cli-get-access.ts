import type { AccessView } from "#contract/access-view.ts";
import type { Lookup } from "#core/app/dialect.ts";
import type { Problem } from "#core/result.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { argoDialect } from "#dialects/argocd/argo-dialect.ts";
import type { ClusterSecret } from "#dialects/argocd/cluster-secret.ts";
import { clusterSecrets } from "#dialects/argocd/clusters.ts";
import { DEFAULT_PROJECT, findProject, type ProjectPlace, projectProblems } from "#dialects/argocd/project.ts";
import { repositorySecrets } from "#dialects/argocd/repositories.ts";
import type { RepositorySecret } from "#dialects/argocd/repository-secret.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { lookupFor } from "./cli-app-record.ts";
import { projectPlace } from "./cli-settings.ts";

type AccessKind = AccessView["of"];

const WORDS: Readonly<Record<string, AccessKind>> = {
  project: "project",
  projects: "project",
  appproject: "project",
  appprojects: "project",
  appproj: "project",
  cluster: "cluster",
  clusters: "cluster",
  repo: "repository",
  repos: "repository",
  repository: "repository",
  repositories: "repository",
};

/** What a word such as `repos` stands for; null when it is something else. */
export function accessKindOf(word: string): AccessKind | null {
  return Object.hasOwn(WORDS, word) ? (WORDS[word] ?? null) : null;
}

/** What an installation declares of a kind. @throws CliError when there is none of that name */
export async function accessViews(
  client: ClusterClient,
  asked: { readonly of: AccessKind; readonly name: string | null },
  signal: AbortSignal,
): Promise<readonly AccessView[]> {
  const lookup = await lookupFor(client, argoDialect, signal);
  const views = VIEWS[asked.of](lookup, await projectPlace(client, signal));
  const found = asked.name === null ? views : views.filter(({ name }) => name === asked.name);
  if (asked.name === null || found.length > 0) return found;
  throw new CliError(`Cannot find the ${asked.of} "${asked.name}"`, { exitCode: exitCode.notFound });
}

const VIEWS: Readonly<Record<AccessKind, (lookup: Lookup, place: ProjectPlace) => readonly AccessView[]>> = {
  project: (lookup, place) => {
    const names = (lookup.all?.("AppProject") ?? []).map(({ metadata }) => metadata.name);
    return [...new Set([DEFAULT_PROJECT, ...names])].map((name) => projectView(name, lookup, place));
  },
  cluster: (lookup) => clusterSecrets(lookup).map(clusterView),
  repository: (lookup) => repositorySecrets(lookup).map(repositoryView),
};

function projectView(name: string, lookup: Lookup, place: ProjectPlace): AccessView {
  const project = findProject(name, lookup, place);
  const problem = project ? wordsOf(projectProblems(project)) : "";
  const { sourceRepos = [], destinations = [], syncWindows = [] } = problem === "" ? (project?.limits ?? {}) : {};
  const places = destinations.map((one) => `${one.name || one.server || ""}/${one.namespace ?? ""}`);
  const details = {
    repositories: sourceRepos.join(", "),
    destinations: places.join(", "),
    windows: String(syncWindows.length),
  };
  return { of: "project", name, details, problem };
}

function clusterView({ name, server, namespaces, project, access, problems, secret }: ClusterSecret): AccessView {
  const details = {
    server,
    namespaces: namespaces?.join(", ") ?? "all",
    project,
    login: access?.().proof.kind ?? "",
    secret,
  };
  return { of: "cluster", name, details, problem: wordsOf(problems) };
}

function repositoryView(one: RepositorySecret): AccessView {
  const { url, type, project, isTemplate, entries, flags, problems, name: secret } = one;
  const logins = {
    password: "password",
    bearerToken: "token",
    sshPrivateKey: "ssh",
    githubAppPrivateKey: "github app",
  };
  const [, known = ""] = Object.entries(logins).find(([key]) => key in entries) ?? [];
  const login = known || (flags.azureIdentity ? "azure" : "none");
  const details = { type, kind: isTemplate ? "template" : "repository", project, login, secret };
  return { of: "repository", name: url, details, problem: wordsOf(problems) };
}

function wordsOf(problems: readonly Problem[]): string {
  return problems.map(({ message }) => message).join("; ");
}
