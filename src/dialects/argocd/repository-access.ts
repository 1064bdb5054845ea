import type { Lookup } from "#core/app/dialect.ts";
import { base64OfText } from "#core/resource/base64.ts";
import { digestText } from "#core/resource/digest.ts";
import type { Resource } from "#core/resource/resource.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import type { HeldSecrets } from "#core/source/source.ts";
import { CERTIFICATES, KNOWN_HOSTS } from "./config-kinds.ts";
import { fieldAt } from "./fields.ts";
import { isExempt, unknownExemptions } from "./no-proxy.ts";
import type { ProjectPlace } from "./project.ts";
import { type DeclaredRepository, findRepository } from "./repositories.ts";
import type { RepositoryFlags } from "./repository-secret.ts";

/** Which repository is opened, for whom, in which installation. */
export interface AskedRepository {
  readonly url: string;
  readonly project: string;
  readonly lookup: Lookup;
  readonly controlNamespace: string;
  readonly argo: ProjectPlace["argo"];
}

/** How a repository is opened. */
export interface RepositoryAccess extends RepositoryFlags {
  /** Absent: by nothing but its address. */
  readonly held?: HeldSecrets;
  readonly githubApp: boolean;
  /** Google Cloud is asked by a key of an account. */
  readonly keyOfGcp: boolean;
  /** The Secrets that declare it. */
  readonly name: string;
  /** What the declaration calls it: `git`, `helm` or `oci`; null: nobody declared it. */
  readonly type: string | null;
  /** Tells what only one project may use from what all may; "": all may use it. */
  readonly scope: string;
}

/** Finds how the apps of a project open a repository, or says what is wrong with the Secrets that declare it. */
export function repositoryAccess(asked: AskedRepository): Result<RepositoryAccess, readonly Problem[]> {
  const declared = findRepository(asked.url, asked.project, asked.lookup);
  const problems = [...(declared?.problems ?? []), ...proxyProblems(declared)];
  if (problems.length > 0) return refused(problems);
  const trust = trustOf(asked);
  const flags = declared?.flags ?? NO_FLAGS;
  const isUsed = declared !== null || trust.ca !== "" || trust.knownHosts !== "";
  const held: HeldSecrets = {
    version: digestText([...(declared?.from ?? []).map(versionOf), trust.ca, trust.knownHosts].join("\n")),
    open: () => secretsOf(asked, { declared, trust }),
  };
  return ok({
    ...flags,
    ...(isUsed && { held }),
    githubApp: declared !== null && isGithubApp(declared),
    keyOfGcp: declared !== null && isByGcpKey(declared),
    name: nameOf(declared),
    type: declared?.repository?.type ?? null,
    scope: declared?.repository?.project ? ` of ${declared.repository.name}` : "",
  });
}

const NO_FLAGS: RepositoryFlags = {
  insecure: false,
  plainHttp: false,
  enableLfs: false,
  enableOci: false,
  azureIdentity: false,
};

interface Trust {
  /** PEM of the authorities for the host; "": the well-known ones alone. */
  readonly ca: string;
  readonly knownHosts: string;
}

function nameOf(declared: DeclaredRepository | null): string {
  return declared?.from.map(({ name }) => name).join(" and ") ?? "";
}

/** Names a Secret and its version: what it says shows in neither. */
function versionOf({ name, version }: { readonly name: string; readonly version: string }): string {
  return `${name} ${version}`;
}

function isGithubApp({ entries }: DeclaredRepository): boolean {
  return entries["githubAppPrivateKey"] !== undefined && entries["password"] === undefined;
}

/** What other credentials there are comes first. */
function isByGcpKey({ entries }: DeclaredRepository): boolean {
  const others = ["password", "bearerToken", "sshPrivateKey", "githubAppPrivateKey"];
  return entries["gcpServiceAccountKey"] !== undefined && !others.some((key) => key in entries);
}

function isSsh(url: string): boolean {
  return url.startsWith("ssh://") || (!/^[a-z]+:\/\//.test(url) && /^[^/]*@[^/]*:/.test(url));
}

function trustOf({ url, lookup, controlNamespace }: AskedRepository): Trust {
  const entry = (name: string, key: string) => {
    const found = fieldAt(lookup("ConfigMap", controlNamespace, name), "data", key);
    return typeof found === "string" ? found : "";
  };
  if (isSsh(url)) return { ca: "", knownHosts: entry(KNOWN_HOSTS, "ssh_known_hosts") };
  const address = url.includes("://") ? url : `https://${url}`;
  if (!URL.canParse(address)) return { ca: "", knownHosts: "" };
  // A name may hold a colon only where it is an address.
  const host = new URL(address).hostname.replace(/^\[|\]$/g, "");
  return { ca: host === "" ? "" : entry(CERTIFICATES, host), knownHosts: "" };
}

function proxyProblems(declared: DeclaredRepository | null): Problem[] {
  if (!declared?.proxy) return [];
  const unknown = unknownExemptions(declared.noProxy)[0];
  if (unknown === undefined) return [];
  const path = `Secret ${nameOf(declared)}: noProxy`;
  return [{ path, message: `${path} names ${JSON.stringify(unknown.slice(0, 80))}, which is no IPv4 range` }];
}

/** The declared credentials in the keys that sources read. */
function secretsOf(
  asked: AskedRepository,
  known: { readonly declared: DeclaredRepository | null; readonly trust: Trust },
): ReturnType<HeldSecrets["open"]> {
  const { declared, trust } = known;
  const name = declared?.from.map((secret) => secret.name.split("/")[1]).join(" and ") ?? "";
  const secret = (data: Readonly<Record<string, string | undefined>>): Resource | undefined => {
    const present = Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
    if (Object.keys(present).length === 0) return undefined;
    const metadata = { name: name || CERTIFICATES, namespace: asked.controlNamespace };
    return { apiVersion: "v1", kind: "Secret", metadata, data: present };
  };
  const entries = declared?.entries ?? {};
  const ca = trust.ca === "" ? undefined : base64OfText(trust.ca);
  const tls = { "ca.crt": ca, "tls.crt": entries["tlsClientCertData"], "tls.key": entries["tlsClientCertKey"] };
  const credential = secret(credentialOf(asked.url, { entries, declared, trust }));
  const certificate = secret(tls);
  const isProxied = declared !== null && declared.proxy !== "" && !isExempt(asked.url, declared.noProxy);
  const proxy = isProxied ? secret({ address: base64OfText(declared.proxy) }) : undefined;
  return { ...(credential && { credential }), ...(certificate && { certificate }), ...(proxy && { proxy }) };
}

type Entries = Readonly<Record<string, string | undefined>>;

function credentialOf(
  url: string,
  known: { readonly entries: Entries; readonly declared: DeclaredRepository | null; readonly trust: Trust },
): Entries {
  const { entries, declared, trust } = known;
  if (isSsh(url)) {
    const key = entries["sshPrivateKey"];
    return key === undefined ? {} : { identity: key, known_hosts: base64OfText(trust.knownHosts) };
  }
  if (declared && isGithubApp(declared)) return githubApp(url, entries);
  if (declared && isByGcpKey(declared)) return { gcpServiceAccountKey: entries["gcpServiceAccountKey"] };
  if (entries["bearerToken"] !== undefined && entries["password"] === undefined) {
    return { bearerToken: entries["bearerToken"] };
  }
  const { username, password } = entries;
  return username === undefined && password === undefined ? {} : { username: username ?? "", password: password ?? "" };
}

/** Without its number the installation is that of whose repository it is. */
function githubApp(url: string, entries: Entries): Entries {
  const installation = entries["githubAppInstallationID"];
  const [owner = ""] = URL.canParse(url) ? new URL(url).pathname.split("/").filter(Boolean) : [];
  return {
    githubAppID: entries["githubAppID"],
    githubAppInstallationID: installation,
    githubAppInstallationOwner: installation === undefined ? base64OfText(owner) : undefined,
    githubAppBaseURL: entries["githubAppEnterpriseBaseUrl"],
    githubAppPrivateKey: entries["githubAppPrivateKey"],
  };
}
