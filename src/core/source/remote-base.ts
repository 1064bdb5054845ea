import { sha256Hex } from "./sha256.ts";
import type { Source, SourceKey } from "./source.ts";

/** What a kustomization takes from elsewhere: a Git repository at a ref (empty: its HEAD), or one file. */
export interface RemoteBase {
  readonly kind: "git" | "file";
  readonly url: string;
  readonly ref: string;
  readonly noSubmodules: boolean;
}

const TIMEOUT_MS = 60_000;
const keyPrefix = "base:";

/** Where the files of remote bases stand in a tree that is rendered: no name that people use. */
export const basesFolder = ".holdfast-bases";

/** The name that the files of a base stand under. */
export function folderOfBase(base: RemoteBase): string {
  return sha256Hex(keyOfBase(base)).slice(0, 16);
}

/** The folder of a repository, or the one file, below a rendered tree's root. */
export function placeOfBase(base: RemoteBase): string {
  const folder = `${basesFolder}/${folderOfBase(base)}`;
  return base.kind === "git" ? folder : `${folder}/${remoteFileName}`;
}

/** Name of the one file that a source holds which is an address of a file. */
export const remoteFileName = "resource.yaml";

/** Names a base as a source; those of all apps are one. */
export function keyOfBase({ kind, url, ref, noSubmodules }: RemoteBase): SourceKey {
  return `${keyPrefix}${kind}:${url}#${ref}${noSubmodules ? "#plain" : ""}` as SourceKey;
}

/** Whether a source is a base of apps. */
export function isBaseKey(key: SourceKey): boolean {
  return key.startsWith(keyPrefix);
}

/** The source that a base is followed by: anybody's credentials are none. */
export function sourceOfBase(base: RemoteBase, intervalMs: number): Source {
  const { kind, url, ref, noSubmodules } = base;
  return {
    key: keyOfBase(base),
    url,
    remote: kind === "file" ? { kind } : { kind, ...(!noSubmodules && { submodules: true }) },
    ref: kind === "file" ? { kind, value: url } : { kind: "auto", value: ref || "HEAD" },
    secrets: {},
    intervalMs,
    timeoutMs: TIMEOUT_MS,
    ignore: undefined,
    suspended: false,
    object: null,
    recorded: null,
    requestToken: null,
  };
}

/** A base as people name it, without a user or a query, which may be a secret. */
export function textOfBase({ url, ref }: RemoteBase): string {
  const address = url.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/, "");
  return `${address}${ref === "" ? "" : `?ref=${ref}`}`;
}
