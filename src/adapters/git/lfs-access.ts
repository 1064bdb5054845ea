import type { Repository } from "#engine/ports.ts";
import { proxyUrl } from "../http/proxy-secret.ts";
import type { TlsSettings } from "../http/tls-secret.ts";
import { effectiveCredential, type GitCredential } from "./git-credential.ts";
import { GitError } from "./git-error.ts";
import type { GitRepository } from "./git-repository.ts";
import type { GitRepositorySpec } from "./git-store.ts";
import { parseGitUrl } from "./git-url.ts";
import { LfsObjects, type LfsServer } from "./lfs-objects.ts";
import { LfsRepository } from "./lfs-repository.ts";

/** Shows repositories with their files of LFS; what was fetched is kept for as long as the repository itself. */
export function lfsRepositories(): (main: GitRepository, shown: Repository, spec: GitRepositorySpec) => Repository {
  const known = new WeakMap<GitRepository, LfsObjects>();
  return (main, shown, spec) => {
    const objects = known.get(main) ?? new LfsObjects(lfsServer(spec));
    known.set(main, objects);
    return new LfsRepository(shown, objects);
  };
}

/** The server of a repository's files, asked with the credential of the repository. @throws GitError for one over ssh */
function lfsServer({ url, credential, login, proxy }: GitRepositorySpec): LfsServer {
  if (!/^https?:\/\//.test(url)) {
    throw new GitError("refused-url", "Cannot fetch files of LFS: the address of the repository is none of http");
  }
  const address = new URL(url);
  address.username = "";
  address.password = "";
  const through = proxy && { proxy: proxyUrl(proxy) };
  return {
    url: address,
    access: async (signal) => {
      const own = effectiveCredential(login ? await login.credential(signal) : credential, parseGitUrl(url, true));
      return { ...proofOf(own), tls: { ...tlsOf(own), ...through } };
    },
  };
}

function proofOf(credential: GitCredential): { readonly authorization?: string } {
  if (credential.kind === "bearer") return { authorization: `Bearer ${credential.token}` };
  if (credential.kind !== "basic") return {};
  const { username, password } = credential;
  return { authorization: `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}` };
}

function tlsOf(credential: GitCredential): TlsSettings {
  if (credential.kind === "none" || credential.kind === "ssh") return {};
  const { caPem, client, unverified } = credential;
  return {
    ...(caPem !== undefined && { ca: caPem }),
    ...(client && { cert: client.certPem, key: client.keyPem }),
    ...(unverified && { unverified }),
  };
}
