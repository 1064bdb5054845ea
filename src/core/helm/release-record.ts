import { base64OfText } from "#core/resource/base64.ts";
import type { HelmRelease, HelmReleaseStatus } from "./release.ts";

/** Type of the Secrets in which Helm keeps its releases. */
export const releaseSecretType = "helm.sh/release.v1";

const owner = "helm";
/** Labels that Helm sets itself; a release's own labels may not use them. */
const systemLabels: ReadonlySet<string> = new Set(["name", "owner", "status", "version", "createdAt", "modifiedAt"]);

/** A Secret that holds one revision of a release, as Helm writes it. */
export interface ReleaseSecret {
  readonly apiVersion: "v1";
  readonly kind: "Secret";
  readonly type: typeof releaseSecretType;
  readonly metadata: {
    readonly name: string;
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
  };
  readonly data: { readonly release: string };
}

/** What to write into a release's Secret. */
export interface ReleaseRecord {
  readonly release: Pick<HelmRelease, "name" | "version" | "info">;
  readonly storageNamespace: string;
  /** The encoded release. */
  readonly record: string;
  /** Labels of the release's own. */
  readonly labels?: Readonly<Record<string, string>>;
  /** When it is written; Helm names the time of creation and of later changes differently. */
  readonly written: { readonly as: "created" | "modified"; readonly atMs: number };
}

/** Name of the Secret of one revision of a release. */
export function releaseSecretName(name: string, version: number): string {
  return `sh.helm.release.v1.${name}.v${version}`;
}

/** Label selector of all revisions of a release. */
export function releaseSelector(name: string): string {
  return `name=${name},owner=${owner}`;
}

/** The Secret that keeps a revision of a release where Helm finds it. */
export function releaseSecret(wanted: ReleaseRecord): ReleaseSecret {
  const { release, storageNamespace, record, written } = wanted;
  const own = Object.entries(wanted.labels ?? {}).filter(([name]) => !systemLabels.has(name));
  const labels = {
    ...Object.fromEntries(own),
    [written.as === "created" ? "createdAt" : "modifiedAt"]: String(Math.floor(written.atMs / 1000)),
    name: release.name,
    owner,
    status: release.info.status,
    version: String(release.version),
  };
  const name = releaseSecretName(release.name, release.version);
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: releaseSecretType,
    metadata: { name, namespace: storageNamespace, labels },
    // Helm's text is base64 already, and a Secret's data is once more.
    data: { release: base64OfText(record) },
  };
}

/** What a release Secret's labels say, without decoding the record. */
export interface ReleaseSummary {
  readonly name: string;
  readonly version: number;
  readonly status: HelmReleaseStatus;
}

/** Reads the labels of a release Secret; undefined when it is none of Helm's. */
export function releaseSummaryOf(secret: {
  readonly type?: string;
  readonly metadata: { readonly labels?: Readonly<Record<string, string>> };
}): ReleaseSummary | undefined {
  const { labels = {} } = secret.metadata;
  const { name, status, version } = labels;
  if (secret.type !== releaseSecretType || labels["owner"] !== owner) return undefined;
  if (name === undefined || status === undefined || !/^[1-9]\d*$/.test(version ?? "")) return undefined;
  return { name, status: status as HelmReleaseStatus, version: Number(version) };
}
