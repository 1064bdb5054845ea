import type { Lookup } from "#core/app/dialect.ts";
import type { Problem } from "#core/result.ts";
import { comparableUrl } from "./git-url.ts";
import { type RepositoryFlags, type RepositorySecret, repositorySecret } from "./repository-secret.ts";

/** What is declared for one address: of its repository, and of a template where that has no credentials. */
export interface DeclaredRepository {
  /** Null: no repository is declared, at most a template. */
  readonly repository: RepositorySecret | null;
  /** What took part. */
  readonly from: readonly RepositorySecret[];
  readonly entries: Readonly<Record<string, string>>;
  readonly flags: RepositoryFlags;
  readonly proxy: string;
  readonly noProxy: string;
  readonly problems: readonly Problem[];
}

const OFF: RepositoryFlags = {
  insecure: false,
  plainHttp: false,
  enableLfs: false,
  enableOci: false,
  azureIdentity: false,
};
const IDENTIFYING = [
  "username",
  "password",
  "bearerToken",
  "sshPrivateKey",
  "tlsClientCertData",
  "githubAppPrivateKey",
  "gcpServiceAccountKey",
];

const read = new WeakMap<readonly unknown[], readonly RepositorySecret[]>();

/** Every Secret that declares repositories or templates. */
export function repositorySecrets(lookup: Lookup): readonly RepositorySecret[] {
  const secrets = lookup.all?.("Secret") ?? [];
  const known = read.get(secrets);
  if (known) return known;
  const found = secrets.flatMap((secret) => repositorySecret(secret) ?? []);
  read.set(secrets, found);
  return found;
}

/** What apps of a project know of an address; null when nothing is declared for it. */
export function findRepository(url: string, project: string, lookup: Lookup): DeclaredRepository | null {
  const secrets = repositorySecrets(lookup);
  const wanted = comparableUrl(url);
  const same = secrets.filter(({ isTemplate, comparable }) => !isTemplate && comparable === wanted);
  const repository = same.find((one) => one.project === project) ?? same.find((one) => one.project === "") ?? null;
  const isComplete = repository !== null && hasCredentials(repository);
  const template = isComplete ? null : longestPrefix(secrets, wanted);
  const from = [repository, template].filter((one) => one !== null);
  const [first] = from;
  if (!first) return null;
  const flags = repository?.flags ?? OFF;
  return {
    repository,
    from,
    entries: { ...template?.entries, ...repository?.entries },
    flags: template
      ? {
          ...flags,
          azureIdentity: template.flags.azureIdentity,
          enableOci: flags.enableOci || template.flags.enableOci,
          plainHttp: flags.plainHttp || template.flags.plainHttp,
        }
      : flags,
    proxy: repository?.proxy || template?.proxy || "",
    noProxy: repository?.noProxy || template?.noProxy || "",
    problems: from.flatMap(({ problems }) => problems),
  };
}

/** Addresses of repositories that are declared for a project alone: it may use them whatever else it may use. */
export function repositoriesOfProject(project: string, lookup: Lookup): readonly string[] {
  return repositorySecrets(lookup).flatMap((one) => (one.project === project && !one.isTemplate ? [one.url] : []));
}

/** Repositories of charts that are called so, of those that apps of a project may use: its own before those of all. */
export function repositoriesNamed(alias: string, project: string, lookup: Lookup): readonly RepositorySecret[] {
  const named = repositorySecrets(lookup).filter((one) => !one.isTemplate && one.alias === alias && one.type !== "git");
  return [...named.filter((one) => one.project === project), ...named.filter((one) => one.project === "")];
}

function hasCredentials({ entries, flags }: RepositorySecret): boolean {
  return flags.azureIdentity || IDENTIFYING.some((key) => key in entries);
}

function longestPrefix(secrets: readonly RepositorySecret[], wanted: string): RepositorySecret | null {
  let best: RepositorySecret | null = null;
  for (const secret of secrets) {
    const { isTemplate, comparable } = secret;
    if (!isTemplate || comparable === "" || !beginsWith(wanted, comparable)) continue;
    if (comparable.length > (best?.comparable.length ?? 0)) best = secret;
  }
  return best;
}

/** A template that ends with its host is for that very host: a longer name is somebody else's. */
function beginsWith(wanted: string, prefix: string): boolean {
  if (!wanted.startsWith(prefix)) return false;
  const isHostOnly = !prefix.replace(/^[a-z]+:\/\//, "").includes("/");
  return !isHostOnly || /^([/:]|$)/.test(wanted.slice(prefix.length));
}
