import type { AppSource } from "#core/app/app.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import type { GitRemote, Remote } from "#core/source/remote.ts";
import { isNamedRepository, nameOfRepository } from "#core/source/named-repository.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { judgeSource } from "./project-rules.ts";
import { findProject, projectProblems } from "./project.ts";
import { repositoriesNamed } from "./repositories.ts";
import { requiredSigners, verificationBy } from "./source-integrity.ts";
import { type AskedRepository, type RepositoryAccess, repositoryAccess } from "./repository-access.ts";

/** A source of an app of a project as the Secrets and ConfigMaps of the installation say that it is opened. */
export function openedSource(source: AppSource, asked: AskedRepository): Result<AppSource, readonly Problem[]> {
  const { inline } = source;
  if (inline === null) return ok(source);
  const access = repositoryAccess(asked);
  if (!access.ok) return access;
  const signers = signersOf(inline, asked);
  if (!signers.ok) return refused([signers.error]);
  const { held, scope } = access.value;
  const ids = signers.value;
  // What one project alone may read, and what must be signed for it, is no other's to share.
  const key = `${inline.key}${scope}${ids ? ` signed by ${[...ids].sort().join(" or ")}` : ""}` as SourceKey;
  const remote = openedRemote(inline.remote, access.value);
  const verification = ids && { verification: verificationBy(ids, asked) };
  return ok({ ...source, source: key, inline: { ...inline, key, remote, ...(held && { held }), ...verification } });
}

/** A repository that the files of an app name, as the Secrets of the installation say that it is opened. */
export function openedBase(given: Source, asked: Omit<AskedRepository, "url">): Source {
  const base = isNamedRepository(given.url) ? withAddress(given, asked) : given;
  const { remote } = base;
  const access = remote.kind === "helm" ? accessOfChart(base, asked) : repositoryAccess({ ...asked, url: base.url });
  const isKnown = remote.kind === "git" || remote.kind === "helm";
  // Which address a name stands for is the project's own: without it there is nothing to share.
  if (!access?.ok || !isKnown || !access.value.held) return given;
  const { held, name, scope } = access.value;
  // Apps of others take the same without being shown what these apps are.
  const key = `${base.key} by ${name || asked.controlNamespace}${scope}` as SourceKey;
  return { ...base, key, remote: openedRemote(remote, access.value), held };
}

/** A chart whose repository is called by the name that a Secret gives it; without such a Secret it keeps that name. */
function withAddress(base: Source, { project, lookup }: Pick<AskedRepository, "project" | "lookup">): Source {
  const [found] = repositoriesNamed(nameOfRepository(base.url), project, lookup);
  if (!found) return base;
  const isRegistry = found.flags.enableOci || found.type === "oci" || found.url.startsWith("oci://");
  const address = found.url.replace(/^oci:\/\//, "").replace(/\/+$/, "");
  return { ...base, url: isRegistry ? `oci://${address}/${base.ref.value}` : found.url };
}

/** Of a chart that another one depends on; null: the project does not allow its repository. */
function accessOfChart(
  { url, ref }: Source,
  asked: Omit<AskedRepository, "url">,
): ReturnType<typeof repositoryAccess> | null {
  const address = url.startsWith("oci://") ? url.slice(0, -ref.value.length - 1) : url;
  const limits = findProject(asked.project, asked.lookup, asked);
  if (limits === null || !judgeSource(limits, address).permitted) return null;
  // A repository of a registry is declared with its scheme or without.
  const found = [address, address.replace(/^oci:\/\//, "")].map((one) => repositoryAccess({ ...asked, url: one }));
  return found.find((access) => access.ok && access.value.name !== "") ?? found[0] ?? null;
}

/** How an address is spoken to, with what its repository's Secret says of that. */
export function openedRemote(remote: Remote, access: RepositoryAccess): Remote {
  const { insecure, plainHttp, azureIdentity } = access;
  const trust = insecure ? ({ unverified: true } as const) : {};
  const azure = azureIdentity ? ({ cloud: "azure" } as const) : {};
  switch (remote.kind) {
    case "git":
      return { ...remote, ...gitLogin(access), ...trust, ...(access.enableLfs && { lfs: true }) };
    case "helm":
      return { ...remote, ...azure, ...trust, insecure: remote.insecure || plainHttp };
    case "oci":
      return { ...remote, ...azure, ...trust, insecure: remote.insecure || plainHttp };
    default:
      return remote;
  }
}

/** Commits alone are signed so; what is wrong with the project is told apart from its sources. */
function signersOf({ remote, url }: Source, asked: Omit<AskedRepository, "url">): ReturnType<typeof requiredSigners> {
  const project = remote.kind === "git" ? findProject(asked.project, asked.lookup, asked) : null;
  return project && projectProblems(project).length === 0 ? requiredSigners(project.limits, url) : ok(null);
}

function gitLogin(access: RepositoryAccess): Pick<GitRemote, "cloud" | "githubApp" | "gcpKey"> {
  const { azureIdentity, githubApp, keyOfGcp } = access;
  if (githubApp) return { githubApp: true };
  if (keyOfGcp) return { gcpKey: true };
  return azureIdentity ? { cloud: "azure" } : {};
}
