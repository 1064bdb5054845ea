import type { NeededSecret } from "#contract/migration-view.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ChartOrigin } from "./chart-origin.ts";

/** A Secret that the objects refer to. */
export interface PlannedSecret {
  readonly namespace: string;
  readonly name: string;
  readonly keys: readonly SecretKey[];
  /** Makes it from files, for people. */
  readonly command: string;
}

interface SecretKey {
  readonly key: string;
  /** What it is, without being it. */
  readonly holds: string;
  /** null: only Terraform, or a file of its machine, knows. */
  readonly value: string | null;
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

/** The Secret with a release's values; `document` is null when a part of it is not known. */
export function valuesSecret(
  { namespace, name }: Place,
  values: { readonly document: string | null; readonly paths: readonly string[]; readonly address: string },
): PlannedSecret {
  const holds = `a YAML document with ${values.paths.join(", ")} of ${values.address}`;
  const command = `kubectl create secret generic ${name} --namespace ${namespace} --from-file=values.yaml=FILE`;
  return { namespace, name, keys: [{ key: "values.yaml", holds, value: values.document }], command };
}

/** The Secret with who reads a repository. */
export function loginSecret(
  { namespace, name }: Place,
  { url, username, password, isUserSecret }: ChartOrigin,
): PlannedSecret {
  const keys = [
    { key: "username", holds: `the user of ${url}`, value: username },
    { key: "password", holds: "the password", value: password },
  ];
  const user = isUserSecret || !username ? "NAME" : quoted(username);
  const command = `holdfast create secret helm ${name} --namespace ${namespace} --username ${user} --password-file FILE`;
  return { namespace, name, keys: keys.filter(({ value }) => value !== ""), command };
}

/** The Secret with certificates for a repository, which lie where Terraform runs. */
export function certificateSecret({ namespace, name }: Place, { url, certificates }: ChartOrigin): PlannedSecret {
  const flags: Readonly<Record<string, string>> = {
    "ca.crt": "--ca-file",
    "tls.crt": "--cert-file",
    "tls.key": "--key-file",
  };
  const entries = Object.entries(certificates);
  const keys = entries.map(([key, path]) => ({ key, holds: `the file ${path}, for ${url}`, value: null }));
  const files = entries.map(([key, path]) => `${flags[key] ?? ""} ${quoted(path)}`);
  const command = `holdfast create secret tls ${name} --namespace ${namespace} ${files.join(" ")}`;
  return { namespace, name, keys, command };
}

/** The Secret itself; null when something of it is not known. */
export function secretObject({ namespace, name, keys }: PlannedSecret): Resource | null {
  if (keys.some(({ value }) => value === null)) return null;
  const stringData = Object.fromEntries(keys.map(({ key, value }) => [key, value]));
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, type: "Opaque", stringData };
}

/** What may be told of a Secret. */
export function neededSecret(secret: PlannedSecret, file: string | null): NeededSecret {
  const keys = secret.keys.map(({ key, holds }) => ({ key, holds }));
  return { namespace: secret.namespace, name: secret.name, keys, command: secret.command, file };
}

/** A word as a POSIX shell takes it whole. */
export function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
