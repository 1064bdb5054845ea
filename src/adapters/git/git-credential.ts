import { randomBytes } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { getCACertificates } from "node:tls";
import type { GitSettings } from "./git-environment.ts";
import type { GitUrl } from "./git-url.ts";

/** Whom a TLS connection trusts besides the well-known authorities, and the certificate that it shows. */
export interface GitTls {
  readonly caPem?: string;
  readonly client?: { readonly certPem: string; readonly keyPem: string };
  /** Whatever the server shows is accepted. */
  readonly unverified?: true;
}

/** How to prove who we are to a server. */
export type GitCredential =
  | { readonly kind: "none" }
  | ({ readonly kind: "basic"; readonly username: string; readonly password: string } & GitTls)
  | ({ readonly kind: "bearer"; readonly token: string } & GitTls)
  | ({ readonly kind: "tls" } & GitTls)
  | {
      readonly kind: "ssh";
      readonly privateKey: string;
      readonly passphrase?: string;
      /** Null: any host key is accepted. */
      readonly knownHosts: string | null;
    };

/** A credential as git takes it: by environment and by private files, never by argument. */
export interface CredentialUse {
  readonly settings: GitSettings;
  readonly env: NodeJS.ProcessEnv;
}

/** Gives `work` the credential in git's terms; the files it needs exist only while `work` runs. */
export async function withCredential<T>(
  privateDirectory: string,
  credential: GitCredential,
  work: (use: CredentialUse) => Promise<T>,
): Promise<T> {
  const folder = join(privateDirectory, randomBytes(8).toString("hex"));
  try {
    return await work(await credentialUse(folder, credential));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The credential to use: the given one, or for an address with user information and no credential, that. */
export function effectiveCredential(credential: GitCredential, url: GitUrl): GitCredential {
  if (url.userinfo === undefined) return credential;
  if (credential.kind === "none") return { kind: "basic", ...url.userinfo };
  if (credential.kind === "tls") return { ...credential, ...url.userinfo, kind: "basic" };
  return credential;
}

/** The same credential without what proves identity, for a host that it was not meant for. */
export function anonymous(credential: GitCredential): GitCredential {
  const { caPem } = tlsOf(credential);
  return caPem === undefined ? { kind: "none" } : { kind: "tls", caPem };
}

/** Every text that must not show up anywhere. */
export function secretsOf(credential: GitCredential): readonly string[] {
  const { client } = tlsOf(credential);
  const keys = client === undefined ? [] : [client.keyPem];
  switch (credential.kind) {
    case "basic":
      return [...keys, credential.password, encodeURIComponent(credential.password), basicToken(credential)];
    case "bearer":
      return [...keys, credential.token];
    case "ssh":
      return [credential.privateKey, ...(credential.passphrase === undefined ? [] : [credential.passphrase])];
    default:
      return keys;
  }
}

/** The Authorization header of a credential, if it has one. */
export function authorizationHeader(credential: GitCredential): string | undefined {
  if (credential.kind === "basic") return `Basic ${basicToken(credential)}`;
  return credential.kind === "bearer" ? `Bearer ${credential.token.trim()}` : undefined;
}

/** The credential's part in a TLS connection of ours: authorities besides the well-known ones, and a certificate. */
export function tlsSettings(credential: GitCredential): TlsOptions {
  const { client, unverified } = tlsOf(credential);
  const ca = trustedAuthorities(credential);
  const trust = unverified ? { rejectUnauthorized: false } : ca && { ca };
  return { ...trust, ...(client && { cert: client.certPem, key: client.keyPem }) };
}

interface TlsOptions {
  readonly ca?: string[];
  readonly rejectUnauthorized?: boolean;
  readonly cert?: string;
  readonly key?: string;
}

function trustedAuthorities(credential: GitCredential): string[] | undefined {
  const { caPem } = tlsOf(credential);
  return caPem === undefined ? undefined : [...getCACertificates("default"), caPem];
}

function tlsOf(credential: GitCredential): GitTls {
  return credential.kind === "none" || credential.kind === "ssh" ? {} : credential;
}

async function credentialUse(folder: string, credential: GitCredential): Promise<CredentialUse> {
  if (credential.kind === "none") return { settings: [], env: {} };
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (credential.kind === "ssh") return { settings: [], env: await sshEnvironment(folder, credential) };
  const settings: (readonly [string, string])[] = [];
  const header = authorizationHeader(credential);
  if (header !== undefined) settings.push(["http.extraHeader", `Authorization: ${header}`]);
  const authorities = trustedAuthorities(credential);
  if (authorities !== undefined) {
    settings.push(["http.sslCAInfo", await privateFile(join(folder, "ca.pem"), authorities.join("\n"))]);
  }
  const { client, unverified } = tlsOf(credential);
  if (unverified) settings.push(["http.sslVerify", "false"]);
  if (client !== undefined) {
    settings.push(["http.sslCert", await privateFile(join(folder, "client.crt"), client.certPem)]);
    settings.push(["http.sslKey", await privateFile(join(folder, "client.key"), client.keyPem)]);
  }
  return { settings, env: {} };
}

async function sshEnvironment(folder: string, credential: GitCredential & { kind: "ssh" }): Promise<NodeJS.ProcessEnv> {
  const key = await privateFile(join(folder, "identity"), `${credential.privateKey.trimEnd()}\n`);
  const known = `${(credential.knownHosts ?? "").trimEnd()}\n`;
  const knownHosts = await privateFile(join(folder, "known_hosts"), known);
  const options = [
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    `StrictHostKeyChecking=${credential.knownHosts === null ? "no" : "yes"}`,
    `UserKnownHostsFile="${knownHosts}"`,
    "GlobalKnownHostsFile=/dev/null",
    "PreferredAuthentications=publickey",
    "PasswordAuthentication=no",
    "KbdInteractiveAuthentication=no",
    "NumberOfPasswordPrompts=1",
    "ConnectTimeout=15",
    "ServerAliveInterval=15",
    "ServerAliveCountMax=2",
    `BatchMode=${credential.passphrase === undefined ? "yes" : "no"}`,
  ];
  const words = ["ssh", "-F", "/dev/null", "-i", key, ...options.flatMap((option) => ["-o", option])];
  const env = { GIT_SSH_COMMAND: words.map(shellQuoted).join(" "), GIT_SSH_VARIANT: "ssh" };
  if (credential.passphrase === undefined) return env;
  const script = '#!/bin/sh\nprintf "%s\\n" "$HOLDFAST_SSH_PASSPHRASE"\n';
  const askpass = await privateFile(join(folder, "askpass"), script, 0o700);
  return {
    ...env,
    SSH_ASKPASS: askpass,
    SSH_ASKPASS_REQUIRE: "force",
    HOLDFAST_SSH_PASSPHRASE: credential.passphrase,
  };
}

async function privateFile(path: string, content: string, mode = 0o600): Promise<string> {
  await writeFile(path, content, { mode, flag: "wx" });
  return path;
}

function basicToken(credential: { username: string; password: string }): string {
  return Buffer.from(`${credential.username}:${credential.password}`, "utf8").toString("base64");
}

function shellQuoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
