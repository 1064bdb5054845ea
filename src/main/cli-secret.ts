import { BucketError } from "#adapters/bucket/bucket-error.ts";
import { accessKeysOf } from "#adapters/bucket/s3-proof.ts";
import { credentialOf } from "#adapters/git/git-fetcher.ts";
import { proxyOf } from "#adapters/git/git-proxy.ts";
import type { OciAddress } from "#adapters/oci/oci-address.ts";
import { OciError } from "#adapters/oci/oci-error.ts";
import { registryAccess } from "#adapters/oci/registry-secrets.ts";
import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { SecretDraft, SecretUse } from "#cli/secret-kinds.ts";
import { readText } from "./cli-files.ts";

type Values = Readonly<Record<string, string>>;

/** Files whose last newline was put there by an editor. */
const oneLine: readonly string[] = ["password", "bearerToken", "passphrase", "secretkey"];
const dockerConfig = ".dockerconfigjson";

/** The Secret of a draft, tried on what will read it. @throws CliError saying what it lacks, never a value */
export async function secretOf(draft: SecretDraft, signal: AbortSignal): Promise<Resource> {
  const files = Object.entries(draft.files);
  if (files.filter(([, file]) => file === "-").length > 1) {
    throw refused(draft, "standard input can be only one of its files", "Name files for the others.");
  }
  const values: Record<string, string> = { ...draft.words };
  for (const [key, file] of files) values[key] = contentOf(draft, { key, file, text: await readText(file, signal) });
  const data =
    draft.use === "oci" ? registryData(draft, values) : draft.use === "git" ? gitData(draft, values) : values;
  const secret = {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { name: draft.name, namespace: draft.namespace },
    type: data[dockerConfig] === undefined ? "Opaque" : "kubernetes.io/dockerconfigjson",
    data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
  };
  tried(draft, () => readers[draft.use](secret, data));
  return secret;
}

function contentOf(draft: SecretDraft, { key, file, text }: { key: string; file: string; text: string }): string {
  const place = file === "-" ? "standard input" : file;
  const value = oneLine.includes(key) ? text.replace(/\r?\n$/, "") : text;
  if (value.trim() === "") throw refused(draft, `${place} is empty`);
  if (oneLine.includes(key) && /[\r\n]/.test(value)) throw refused(draft, `${place} has more than one line`);
  return value;
}

/** A passphrase is kept under `password`, which means another thing without a key. */
function gitData(draft: SecretDraft, { passphrase, ...values }: Values): Values {
  const { identity, password, username } = values;
  if (identity === undefined) {
    if (passphrase !== undefined) throw refused(draft, "a passphrase needs an ssh key: --identity-file");
    return values;
  }
  if (password !== undefined || username !== undefined) {
    throw refused(draft, "an ssh key and a user or password are for different addresses", "Make a Secret for each.");
  }
  return { ...values, ...(passphrase !== undefined && { password: passphrase }) };
}

/** Every client of registries reads a docker configuration, and pods can use it as well. */
function registryData(draft: SecretDraft, { registry, username, password, ...rest }: Values): Values {
  if (rest[dockerConfig] !== undefined) {
    if (registry ?? username ?? password) throw refused(draft, "a docker configuration holds registry and user itself");
    return rest;
  }
  if (registry === undefined || username === undefined || password === undefined) {
    throw refused(draft, "it needs --registry, --username and --password-file, or --docker-config-file");
  }
  if (!/^[\w.-]+(:\d+)?$/.test(registry)) throw refused(draft, "--registry is no host such as ghcr.io");
  const auth = Buffer.from(`${username}:${password}`).toString("base64");
  return { [dockerConfig]: JSON.stringify({ auths: { [registry]: { username, password, auth } } }) };
}

const anyAddress: OciAddress = { registry: "registry.invalid", host: "registry.invalid", repository: "any" };

/** What reads each kind, which refuses what it cannot use. */
const readers: Readonly<Record<SecretUse, (secret: Resource, data: Values) => unknown>> = {
  git: (secret, { identity }) => {
    if (identity === undefined) return credentialOf("https://any.invalid", secret);
    if (!/^-----BEGIN [A-Z ]*PRIVATE KEY-----/m.test(identity)) throw new Error("`identity` is no private key");
    return credentialOf("ssh://any.invalid", secret);
  },
  helm: (credential) => registryAccess({ credential }, anyAddress),
  oci: (credential) => registryAccess({ credential }, anyAddress),
  tls: (certificate) => registryAccess({ certificate }, anyAddress),
  proxy: proxyOf,
  bucket: accessKeysOf,
  age: (_, data) => {
    const lines = (data["identity.agekey"] ?? "").split("\n").map((line) => line.trim());
    const identities = lines.filter((line) => line !== "" && !line.startsWith("#"));
    if (identities.length > 0 && identities.every((line) => /^AGE-SECRET-KEY-[0-9A-Z-]+$/.test(line))) return;
    throw new Error("it needs age identities, one on each line: --identities-file");
  },
  pgp: (_, data) => {
    if (data["identity.asc"]?.includes("-----BEGIN PGP PRIVATE KEY BLOCK-----")) return;
    throw new Error("it needs an armoured PGP private key: --private-key-file");
  },
};

function tried(draft: SecretDraft, read: () => unknown): void {
  try {
    read();
  } catch (error) {
    const known = error instanceof SourceError || error instanceof OciError || error instanceof BucketError;
    const { message } = error as Error;
    throw refused(draft, known ? message.replace(/^Cannot use Secret \S+ for [^:]+: /, "") : message);
  }
}

function refused({ use, namespace, name }: SecretDraft, problem: string, advice?: string): CliError {
  return new CliError(`Cannot create Secret ${namespace}/${name}: ${problem}`, {
    advice: advice ?? `See its options: holdfast create secret ${use} --help`,
    exitCode: exitCode.usage,
  });
}
