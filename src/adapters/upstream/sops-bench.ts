import { spawn } from "node:child_process";
import { once } from "node:events";
import { text } from "node:stream/consumers";
import { goBuild, goProgramPath } from "#adapters/go-program.ts";
import type { Decryption } from "#core/app/render-spec.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { CloudIdentity } from "#engine/cloud-identity.ts";
import { DataKeyOpener } from "../cloud/data-key-opener.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import type { DataKeys } from "./sops-data-key.ts";

/** A file to encrypt; every group of key names can open its share. */
export interface PlainFile {
  readonly format: "yaml" | "json" | "dotenv" | "ini" | "binary";
  readonly text: string;
  readonly groups: readonly (readonly string[])[];
  readonly threshold?: number;
  readonly encryptedRegex?: string;
  readonly macOnlyEncrypted?: boolean;
}

/**
 * Keys to make, by name; a key of Vault by the address of its server, which gets the data key in base64, and one of a
 * cloud by the public key that its service wraps with.
 */
export type KeyKinds = Readonly<
  Record<string, "age" | "age-pq" | "pgp" | "pgp-locked" | `${"vault" | "aws" | "gcp" | "azure"} ${string}`>
>;

/** Keys of a test's own and files encrypted for them. */
export interface SopsFixtures<File extends string> {
  readonly files: Readonly<Record<File, string>>;
  /** The data of a Secret with the private keys of these names. */
  keys(...names: readonly string[]): Decryption["keys"];
}

/** Makes keys and encrypts files by the library itself, in a program that only tests use. */
export async function sopsFixtures<File extends string>(
  kinds: KeyKinds,
  files: Readonly<Record<File, PlainFile>>,
): Promise<SopsFixtures<File>> {
  const { sources, flags, environment } = goBuild("upstream-all");
  // The same flags as for the helper, or Go would compile every library once more.
  const child = spawn("go", ["run", ...flags, "-tags", "all", "./sopsfixtures"], {
    cwd: sources,
    env: { ...process.env, ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(JSON.stringify({ keys: kinds, files }));
  const [made, complaints, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "exit")]);
  if (status !== 0) throw new Error(`no fixtures were made: ${complaints}`);
  const delivery = JSON.parse(made) as { keys: Record<string, string>; files: Record<File, string> };
  const entry = (name: string) => [
    `${name}.${kinds[name]?.startsWith("pgp") ? "asc" : "agekey"}`,
    Buffer.from(delivery.keys[name] ?? "").toString("base64"),
  ];
  return { files: delivery.files, keys: (...names) => Object.fromEntries(names.map(entry)) as Decryption["keys"] };
}

/** What opens data keys where a cloud knows whoever asks as these say; nothing else of a service account is asked for. */
export function dataKeysOf(cloud: Partial<CloudIdentity> = {}): DataKeys {
  const unknown = () => Promise.reject(new SourceError("auth", "Cannot get a token: no cloud is near"));
  const unasked = () => Promise.reject(new Error("not asked for"));
  const nobody = { awsCredentials: unknown, azureToken: unknown, gcpToken: unknown };
  return {
    services: new DataKeyOpener({ ...nobody, ...cloud }),
    identityOf: (account) => ({ ...account, annotations: unasked, token: unasked }),
  };
}

/** Helpers with all libraries. */
export function fullPool(): HelperPool {
  return new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream-all")));
}
