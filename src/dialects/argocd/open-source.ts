import type { AppSource } from "#core/app/app.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import type { GitRemote, Remote } from "#core/source/remote.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { type AskedRepository, type RepositoryAccess, repositoryAccess } from "./repository-access.ts";

/** A source of an app of a project as the Secrets and ConfigMaps of the installation say that it is opened. */
export function openedSource(source: AppSource, asked: AskedRepository): Result<AppSource, readonly Problem[]> {
  const { inline } = source;
  if (inline === null) return ok(source);
  const access = repositoryAccess(asked);
  if (!access.ok) return access;
  const problem = unsupported(inline.remote, access.value);
  if (problem) return refused([problem]);
  const { held, scope } = access.value;
  // What one project alone may read is no other's to share.
  const key = `${inline.key}${scope}` as SourceKey;
  const remote = openedRemote(inline.remote, access.value);
  return ok({ ...source, source: key, inline: { ...inline, key, remote, ...(held && { held }) } });
}

/** A repository that the files of an app name, as the Secrets of the installation say that it is opened. */
export function openedBase(base: Source, asked: Omit<AskedRepository, "url">): Source {
  const access = repositoryAccess({ ...asked, url: base.url });
  const { remote } = base;
  if (!access.ok || remote.kind !== "git" || !access.value.held) return base;
  const { held, name, scope } = access.value;
  // Apps of others take the same without being shown what these apps are.
  const key = `${base.key} by ${name || asked.controlNamespace}${scope}` as SourceKey;
  return { ...base, key, remote: openedRemote(remote, access.value), held };
}

/** How an address is spoken to, with what its repository's Secret says of that. */
export function openedRemote(remote: Remote, access: RepositoryAccess): Remote {
  const { insecure, plainHttp, azureIdentity } = access;
  const trust = insecure ? ({ unverified: true } as const) : {};
  const azure = azureIdentity ? ({ cloud: "azure" } as const) : {};
  switch (remote.kind) {
    case "git":
      return { ...remote, ...gitLogin(access), ...trust };
    case "helm":
      return { ...remote, ...azure, ...trust, insecure: remote.insecure || plainHttp };
    case "oci":
      return { ...remote, ...azure, ...trust, insecure: remote.insecure || plainHttp };
    default:
      return remote;
  }
}

function gitLogin({ azureIdentity, githubApp }: RepositoryAccess): Pick<GitRemote, "cloud" | "githubApp"> {
  if (githubApp) return { githubApp: true };
  return azureIdentity ? { cloud: "azure" } : {};
}

function unsupported(remote: Remote, { enableLfs, keyOfGcp, name }: RepositoryAccess): Problem | null {
  const refuse = (key: string) => {
    const path = `Secret ${name}: ${key}`;
    return { path, message: `${path} is not supported yet` };
  };
  if (remote.kind !== "git") return null;
  if (enableLfs) return refuse("enableLfs");
  return keyOfGcp ? refuse("gcpServiceAccountKey") : null;
}
