import { createSecureContext } from "node:tls";
import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { Source } from "#core/source/source.ts";
import type { SourceFetcher, SourceSecrets } from "#engine/ports.ts";
import type { CloudRepositories } from "#engine/cloud-identity.ts";
import { proxyUrl } from "../http/proxy-secret.ts";
import { askGcpByKey } from "../cloud/gcp-key-token.ts";
import { CloudLogin } from "./cloud-login.ts";
import { anonymous, type GitCredential, type GitTls } from "./git-credential.ts";
import { GitError } from "./git-error.ts";
import { proxyOf } from "./git-proxy.ts";
import type { GitRepositorySpec, GitStore } from "./git-store.ts";
import { parseGitUrl } from "./git-url.ts";
import { GcpKeyLogin, gcpKeyIn } from "./gcp-key-login.ts";
import { githubAppOf, mustBeNoApp } from "./github-app.ts";
import { GithubAppLogin } from "./github-app-login.ts";
import { lfsRepositories } from "./lfs-access.ts";
import { SubmoduleRepository } from "./submodule-repository.ts";
import { isSameServer } from "./submodule-url.ts";

/** Opens repositories of a store with the credential and through the proxy that Secrets hold. */
export function gitFetcher(store: GitStore, clouds?: CloudRepositories): SourceFetcher {
  const withFiles = lfsRepositories();
  return {
    open: (source, secrets) => {
      const spec = repositorySpecOf(source, secrets, clouds);
      const main = store.open(spec);
      if (source.remote.kind !== "git") return main;
      const open = (url: string) => store.open(submoduleSpec(spec, url));
      const settingsIn: GitStore["settingsIn"] = (bytes, signal) => store.settingsIn(bytes, signal);
      const parts = { main, url: source.url, open, settingsIn, limits: store.limits };
      const shown = source.remote.submodules ? new SubmoduleRepository(parts) : main;
      return source.remote.lfs ? withFiles(main, shown, spec) : shown;
    },
  };
}

/** A source's repository as a store opens it; without clouds nobody vouches for who asks. @throws SourceError */
export function repositorySpecOf(
  { url, remote }: Pick<Source, "url" | "remote">,
  secrets: SourceSecrets,
  clouds?: CloudRepositories,
): GitRepositorySpec {
  const credential = withCertificate(secrets);
  const unverified = remote.kind === "git" && remote.unverified === true;
  const proxy = secrets.proxy && proxyOf(secrets.proxy);
  const through = proxy && { proxy };
  if (remote.kind === "git" && remote.cloud) {
    if (clouds === undefined) throw new SourceError("auth", "Cannot log in to Git: this program asks no clouds");
    const caller = { identity: secrets.identity ?? null, ...(proxy && { proxy: proxyUrl(proxy) }) };
    const tls = trustedTls(credential, unverified);
    const asked = { ...caller, cloud: remote.cloud, url, hasOwnAuthority: unverified || tls.caPem !== undefined };
    const login = new CloudLogin({ clouds, asked, tls });
    return { url, credential: { kind: "none" }, login, ...through };
  }
  if (remote.kind === "git" && remote.githubApp) {
    const app = githubAppOf(credential);
    const tls = trustedTls(credential, unverified);
    const login = new GithubAppLogin({ app, tls, proxy: proxy ?? null, now: () => Date.now() });
    return { url, credential: { kind: "none" }, login, ...through };
  }
  if (remote.kind === "git" && remote.gcpKey) {
    const key = gcpKeyIn(credential, url);
    const way = { tls: trustedTls(credential, unverified), proxy: proxy && proxyUrl(proxy) };
    const login = new GcpKeyLogin({ key, ...way, now: () => Date.now(), ask: askGcpByKey });
    return { url, credential: { kind: "none" }, login, ...through };
  }
  mustBeNoApp(credential);
  return { url, credential: credentialOf(url, credential ?? null, unverified), ...through };
}

/** The credential with the certificates that stand in a Secret of their own. */
function withCertificate({ credential, certificate }: SourceSecrets): Resource | undefined {
  if (!credential || !certificate) return credential ?? certificate;
  const data = { ...(credential["data"] as object), ...(certificate["data"] as object) };
  return { ...credential, data };
}

/** A submodule's repository: what proves who we are goes only to the server that it is for. */
function submoduleSpec(main: GitRepositorySpec, url: string): GitRepositorySpec {
  const [from, to] = [parseGitUrl(main.url, true), parseGitUrl(url, true)];
  if (isSameServer(from, to)) return { ...main, url, ...(main.login && { login: main.login.of(url) }) };
  if (to.transport === "ssh") {
    throw new GitError("authentication", "Cannot use its address: there are no ssh credentials for that server");
  }
  const { login: _, ...rest } = main;
  return { ...rest, url, credential: anonymous(main.credential) };
}

/**
 * Reads the keys that Git credentials are kept under: `username` and `password`, `bearerToken`, `identity` with
 * `known_hosts` and `password`, `ca.crt`, and `tls.crt` with `tls.key` (`caFile`, `certFile`, `keyFile` of old).
 * @throws SourceError naming the Secret and the key that is missing, never a value
 */
export function credentialOf(url: string, secret: Resource | null, unverified = false): GitCredential {
  if (!secret) return unverified ? { kind: "tls", unverified } : { kind: "none" };
  const value = (key: string) => decoded(secret, key);
  const refuse = (message: string): never => refused(secret, message);
  if (url.startsWith("ssh://") || !/^[a-z]+:\/\//.test(url)) {
    const privateKey = value("identity") ?? refuse("it has no key `identity`, which ssh needs");
    const known = value("known_hosts");
    const knownHosts = unverified ? null : (known ?? refuse("it has no key `known_hosts`, which ssh needs"));
    const passphrase = value("password");
    return { kind: "ssh", privateKey, knownHosts, ...(passphrase === undefined ? {} : { passphrase }) };
  }
  const tls = trustedTls(secret, unverified);
  const token = value("bearerToken");
  if (token !== undefined) return { kind: "bearer", token, ...tls };
  const username = value("username");
  const password = value("password");
  if (username !== undefined && password !== undefined) return { kind: "basic", username, password, ...tls };
  if (username !== undefined || password !== undefined) return refuse("`username` and `password` belong together");
  return Object.keys(tls).length === 0 ? refuse("it holds no key that Git can use") : { kind: "tls", ...tls };
}

function trustedTls(secret: Resource | undefined, unverified: boolean): GitTls {
  return { ...(secret && tlsOf(secret)), ...(unverified && { unverified }) };
}

function tlsOf(secret: Resource): GitTls {
  const caPem = decoded(secret, "ca.crt") ?? decoded(secret, "caFile");
  const cert = decoded(secret, "tls.crt") ?? decoded(secret, "certFile");
  const key = decoded(secret, "tls.key") ?? decoded(secret, "keyFile");
  const ca = caPem === undefined ? {} : { caPem };
  if (cert === undefined && key === undefined) return ca;
  if (cert === undefined || key === undefined) return refused(secret, "`tls.crt` and `tls.key` belong together");
  try {
    createSecureContext({ cert, key });
  } catch {
    // What the library says may quote what it was given.
    return refused(secret, "`tls.crt` and `tls.key` are no certificate and its key in PEM form");
  }
  return { ...ca, client: { certPem: cert, keyPem: key } };
}

function refused(secret: Resource, message: string): never {
  const name = `${secret.metadata.namespace ?? ""}/${secret.metadata.name}`;
  throw new SourceError("auth", `Cannot use Secret ${name} for Git: ${message}`);
}

function decoded(secret: Resource, key: string): string | undefined {
  const data = secret["data"] as Record<string, string> | undefined;
  const value = data?.[key];
  return value === undefined ? undefined : Buffer.from(value, "base64").toString("utf8");
}
