import { type Asking, ask, type Params, SetError } from "#core/app/app-set.ts";
import type { ProviderCall, RemoteBranch, RemoteRepository } from "#core/app/provider.ts";
import { parsePattern, type Pattern } from "#core/policy/pattern.ts";
import { withValues } from "./fill.ts";
import type { Making } from "./making.ts";
import { normalizedName } from "./params.ts";
import { addressOf, type NamedProvider, providerOf, rhythmOf, tagsOf } from "./provider-address.ts";
import type { GeneratorFields } from "./set-schema.ts";

type ScmFields = NonNullable<GeneratorFields["scmProvider"]>;
type Reading = <T>(call: ProviderCall) => Asking<T>;

interface Filter {
  readonly repository: Pattern | null;
  readonly label: Pattern | null;
  readonly branch: Pattern | null;
  readonly present: readonly string[];
  readonly absent: readonly string[];
  /** It is about branches, and not only about repositories. */
  readonly isOfBranches: boolean;
}

/** Parameters of the repositories of an account, and of their branches. */
export function* scmParams(fields: ScmFields, making: Making): Asking<readonly Params[]> {
  const provider = providerOf("scmProvider", fields, making);
  const address = addressOf(provider, making);
  const everyMs = rhythmOf(fields);
  const read: Reading = function* <T>(call: ProviderCall) {
    return (yield* ask("provider", { address, call, everyMs })) as T;
  };
  const filters = (fields.filters ?? []).map(filterOf);
  const made: Params[] = [];
  for (const repository of yield* repositoriesOf(provider, read)) {
    const ofRepositories = filters.filter(({ isOfBranches }) => !isOfBranches);
    if (ofRepositories.length > 0 && !ofRepositories.some((filter) => repositoryPasses(filter, repository))) continue;
    for (const branch of yield* branchesOf(provider, repository, read)) {
      const ofBranches = filters.filter(({ isOfBranches }) => isOfBranches);
      if (ofBranches.length > 0 && !(yield* somePasses(ofBranches, { repository, branch, read }))) continue;
      made.push(paramsOf(repository, branch, urlOf(provider, repository, fields.cloneProtocol ?? "")));
    }
  }
  return yield* withValues(making.style, fields.values, made);
}

function* repositoriesOf({ fields }: NamedProvider, read: Reading): Asking<readonly RemoteRepository[]> {
  const { includeSubgroups = false, includeSharedProjects = true, topic = "" } = fields;
  const narrowed = { subgroups: includeSubgroups, shared: includeSharedProjects, topic, tags: tagsOf(fields) };
  const call = { get: "repositories", ...narrowed } as const;
  const all = yield* read<readonly RemoteRepository[]>(call);
  const leavesArchived = fields.excludeArchivedRepos === true || fields.includeArchivedRepos === false;
  const kept = leavesArchived ? all.filter(({ isArchived }) => !isArchived) : all;
  return kept.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function* branchesOf(
  { fields }: NamedProvider,
  repository: RemoteRepository,
  read: Reading,
): Asking<readonly RemoteBranch[]> {
  const all = fields.allBranches ?? false;
  // Nothing was ever pushed there.
  if (!all && repository.defaultBranch === "") return [];
  return yield* read<readonly RemoteBranch[]>({ get: "branches", repository, all });
}

function filterOf(written: NonNullable<ScmFields["filters"]>[number]): Filter {
  const { repositoryMatch, labelMatch, branchMatch, pathsExist = [], pathsDoNotExist = [] } = written;
  return {
    repository: patternOf("RepositoryMatch", repositoryMatch),
    label: patternOf("LabelMatch", labelMatch),
    branch: patternOf("BranchMatch", branchMatch),
    present: pathsExist,
    absent: pathsDoNotExist,
    isOfBranches: branchMatch !== undefined || pathsExist.length > 0 || pathsDoNotExist.length > 0,
  };
}

/** A regular expression of a filter; null: it was not given. @throws SetError */
export function patternOf(field: string, text: string | undefined): Pattern | null {
  if (text === undefined) return null;
  const pattern = parsePattern(text);
  if (pattern) return pattern;
  throw new SetError("parameters", `error compiling ${field} regexp ${JSON.stringify(text.slice(0, 80))}`);
}

function repositoryPasses({ repository, label }: Filter, { name, labels }: RemoteRepository): boolean {
  if (repository && !repository.finds(name)) return false;
  return !label || labels.some((one) => label.finds(one));
}

function* somePasses(
  filters: readonly Filter[],
  at: { readonly repository: RemoteRepository; readonly branch: RemoteBranch; readonly read: Reading },
): Asking<boolean> {
  const { repository, branch, read } = at;
  const has = (path: string) => read<boolean>({ get: "path", repository, branch, path });
  for (const filter of filters) {
    if (!repositoryPasses(filter, repository) || (filter.branch && !filter.branch.finds(branch.name))) continue;
    let passes = true;
    for (const path of filter.present) passes &&= yield* has(path);
    for (const path of filter.absent) passes &&= !(yield* has(path));
    if (passes) return true;
  }
  return false;
}

function urlOf({ name }: NamedProvider, { ssh, https }: RemoteRepository, protocol: string): string {
  const usual = name === "azureDevOps" ? "https" : "ssh";
  if (name === "awsCodeCommit" && protocol === "https-fips") return fipsAddress(https);
  switch (protocol || usual) {
    case "ssh":
      return ssh;
    case "https":
      return https;
    default:
      throw new SetError("parameters", `unknown clone protocol for ${name}: ${protocol}`);
  }
}

function fipsAddress(https: string): string {
  const rest = /^https:\/\/git-codecommit(?:-fips)?\.(.+)$/.exec(https)?.[1];
  if (rest !== undefined) return `https://git-codecommit-fips.${rest}`;
  throw new SetError("parameters", `no FIPS address is known for ${https.slice(0, 200)}`);
}

function paramsOf(repository: RemoteRepository, { name: branch, sha }: RemoteBranch, url: string): Params {
  const { organization, name, id, labels } = repository;
  return {
    organization,
    repository: name,
    repository_id: id,
    url,
    branch,
    branchNormalized: normalizedName(branch),
    sha,
    short_sha: sha.slice(0, 8),
    short_sha_7: sha.slice(0, 7),
    labels: labels.join(","),
  };
}
