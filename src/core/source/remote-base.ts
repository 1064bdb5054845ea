import { packedChartName } from "./helm-ref.ts";
import { sha256Hex } from "./sha256.ts";
import type { Source, SourceKey } from "./source.ts";

/**
 * What a render takes from elsewhere: a Git repository at a ref (empty: its HEAD), one file, or a chart of a repository in
 * a range of versions.
 */
export interface RemoteBase {
  readonly kind: "git" | "file" | "chart";
  readonly url: string;
  readonly ref: string;
  readonly noSubmodules: boolean;
  /** Name of the chart. */
  readonly chart?: string;
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
  if (base.kind === "git") return folder;
  return `${folder}/${base.kind === "file" ? remoteFileName : packedChartName}`;
}

/** Name of the one file that a source holds which is an address of a file. */
export const remoteFileName = "resource.yaml";

/** Names a base as a source; those of all apps are one. */
export function keyOfBase({ kind, url, ref, noSubmodules, chart }: RemoteBase): SourceKey {
  const rest = chart === undefined ? (noSubmodules ? "#plain" : "") : `#${chart}`;
  return `${keyPrefix}${kind}:${url}#${ref}${rest}` as SourceKey;
}

/** Whether a source is a base of apps. */
export function isBaseKey(key: SourceKey): boolean {
  return key.startsWith(keyPrefix);
}

/** The source that a base is followed by: anybody's credentials are none. */
export function sourceOfBase(base: RemoteBase, intervalMs: number): Source {
  return {
    key: keyOfBase(base),
    ...followed(base),
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

function followed({ kind, url, ref, noSubmodules, chart = "" }: RemoteBase): Pick<Source, "url" | "remote" | "ref"> {
  switch (kind) {
    case "file":
      return { url, remote: { kind }, ref: { kind, value: url } };
    case "git":
      return {
        url,
        remote: { kind, ...(!noSubmodules && { submodules: true }) },
        ref: { kind: "auto", value: ref || "HEAD" },
      };
    case "chart":
      return {
        url: url.startsWith("oci://") ? `${url.replace(/\/+$/, "")}/${chart}` : url,
        remote: { kind: "helm", passCredentials: false, insecure: false },
        ref: { kind: "chart", value: chart, version: ref || "*" },
      };
  }
}

/** A base as people name it, without a user or a query, which may be a secret. */
export function textOfBase({ url, ref, chart }: RemoteBase): string {
  const address = url.replace(/\/\/[^/@]*@/, "//").replace(/\?.*$/, "");
  if (chart !== undefined) return `chart ${chart} ${ref || "*"} of ${address}`;
  return `${address}${ref === "" ? "" : `?ref=${ref}`}`;
}
