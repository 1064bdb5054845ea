/** What a Secret is for. */
export type SecretUse = "git" | "helm" | "oci" | "tls" | "proxy" | "bucket" | "age" | "pgp";

/** A Secret to make: words for its keys, and files with the rest; `-` is standard input. */
export interface SecretDraft {
  readonly use: SecretUse;
  readonly name: string;
  readonly namespace: string;
  readonly words: Readonly<Record<string, string>>;
  readonly files: Readonly<Record<string, string>>;
}

/** An option that fills one key. */
export interface SecretOption {
  readonly flag: string;
  readonly key: string;
  readonly about: string;
}

/** The options of a kind of Secret; words are no secrets, files hold what is one. */
export interface SecretKind {
  readonly about: string;
  /** How an object refers to it. */
  readonly reference: string;
  readonly words: readonly SecretOption[];
  readonly files: readonly SecretOption[];
}

const username = { flag: "--username <name>", key: "username", about: "user" };
const password = { flag: "--password-file <file>", key: "password", about: "file with the password" };
const certificates: readonly SecretOption[] = [
  { flag: "--ca-file <file>", key: "ca.crt", about: "certificates of the authorities to trust, PEM" },
  { flag: "--cert-file <file>", key: "tls.crt", about: "certificate to show, PEM" },
  { flag: "--key-file <file>", key: "tls.key", about: "its private key, PEM" },
];

/** Every kind of Secret that can be made. */
export const secretKinds: Readonly<Record<SecretUse, SecretKind>> = {
  git: {
    about: "credential of a Git repository: user and password, a token, or an ssh key",
    reference: "spec.secretRef.name: NAME",
    words: [username],
    files: [
      password,
      { flag: "--token-file <file>", key: "bearerToken", about: "file with a token, sent as bearer" },
      { flag: "--identity-file <file>", key: "identity", about: "private ssh key" },
      { flag: "--passphrase-file <file>", key: "passphrase", about: "file with the passphrase of the ssh key" },
      { flag: "--known-hosts-file <file>", key: "known_hosts", about: "the server's host keys, as ssh-keyscan prints" },
      ...certificates,
    ],
  },
  helm: {
    about: "user and password of a Helm repository",
    reference: "spec.secretRef.name: NAME",
    words: [username],
    files: [password],
  },
  oci: {
    about: "credential of a registry: user and password, or a docker configuration",
    reference: "spec.secretRef.name: NAME",
    words: [{ flag: "--registry <host>", key: "registry", about: "host and port of the registry" }, username],
    files: [
      password,
      { flag: "--docker-config-file <file>", key: ".dockerconfigjson", about: "docker configuration as it is" },
    ],
  },
  tls: {
    about: "authorities to trust and a certificate to show",
    reference: "spec.certSecretRef.name: NAME",
    words: [],
    files: certificates,
  },
  proxy: {
    about: "an HTTP proxy",
    reference: "spec.proxySecretRef.name: NAME",
    words: [{ flag: "--address <url>", key: "address", about: "http or https URL of the proxy" }, username],
    files: [password],
  },
  bucket: {
    about: "access key of a bucket",
    reference: "spec.secretRef.name: NAME",
    words: [{ flag: "--access-key <id>", key: "accesskey", about: "the key's id" }],
    files: [{ flag: "--secret-key-file <file>", key: "secretkey", about: "file with the secret part" }],
  },
  age: {
    about: "age identities that decrypt what SOPS encrypted",
    reference: "spec.decryption: {provider: sops, secretRef: {name: NAME}}",
    words: [],
    files: [{ flag: "--identities-file <file>", key: "identity.agekey", about: "identities, as age-keygen prints" }],
  },
  pgp: {
    about: "a PGP key that decrypts what SOPS encrypted",
    reference: "spec.decryption: {provider: sops, secretRef: {name: NAME}}",
    words: [],
    files: [{ flag: "--private-key-file <file>", key: "identity.asc", about: "armoured private key" }],
  },
};
