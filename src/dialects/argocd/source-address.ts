import { digestText } from "#core/resource/digest.ts";
import { parseConstraint, parseVersion } from "#core/source/version-constraint.ts";
import type { Revision, Source, SourceKey } from "#core/source/source.ts";
import type { PollingSettings } from "./settings-polling.ts";
import type { SourceSettings } from "./settings-source.ts";
import type { SourceFields } from "./source-schema.ts";

const FETCH_TIMEOUT_MS = 60_000;

/** Milliseconds between two looks, spread by name so that apps made together do not look together. */
export function spreadInterval(name: string, { periodMs, jitterMs }: PollingSettings): number {
  return periodMs + (Number.parseInt(digestText(name).slice(0, 8), 16) % Math.max(1, jitterMs));
}

/** The ref that `targetRevision` names; HEAD when it is empty. */
export function targetRevisionOf(fields: { readonly targetRevision?: string } | undefined): string {
  return fields?.targetRevision || "HEAD";
}

/** Whether what is at an address is an artifact of a registry. */
export function isRegistry(url: string): boolean {
  return url.startsWith("oci://");
}

/** Where a source is and what is followed there. All apps with the same address and ref share one, and so one poll. */
export function sourceAddress(
  fields: SourceFields,
  context: {
    readonly recorded: Revision | null;
    readonly polling: PollingSettings;
    readonly sources: SourceSettings;
  },
): Source {
  const { recorded, polling, sources } = context;
  const { key, ...place } = placeOf(fields, sources);
  return {
    key: key as SourceKey,
    ...place,
    secrets: {},
    intervalMs: spreadInterval(key, polling),
    timeoutMs: FETCH_TIMEOUT_MS,
    ignore: undefined,
    suspended: false,
    object: null,
    recorded,
    requestToken: null,
  };
}

type Place = Pick<Source, "url" | "remote" | "ref"> & { readonly key: string };

function placeOf(fields: SourceFields, { submodules }: SourceSettings): Place {
  if (fields.chart) return chartPlace(fields, fields.chart);
  if (isRegistry(fields.repoURL)) return artifactPlace(fields);
  const { repoURL: url, tagPrefix } = fields;
  const value = targetRevisionOf(fields);
  const prefix = tagPrefix ? `#${tagPrefix}` : "";
  return {
    key: `git:${url}#${value}${prefix}`,
    url,
    remote: { kind: "git", ...(submodules && { submodules }) },
    ref: { kind: "auto", value, ...(tagPrefix && { tagPrefix }) },
  };
}

/** An address without a scheme is one of a registry. */
function chartPlace(fields: SourceFields, chart: string): Place {
  const { repoURL, helm } = fields;
  const version = fields.targetRevision || "*";
  const base = /^https?:\/\//.test(repoURL) || isRegistry(repoURL) ? repoURL : `oci://${repoURL}`;
  const url = isRegistry(base) ? `${base.replace(/\/+$/, "")}/${chart}` : base;
  const passCredentials = helm?.passCredentials ?? false;
  return {
    key: `chart:${base}#${chart}@${version}${passCredentials ? "#shared" : ""}`,
    url,
    remote: { kind: "helm", passCredentials, insecure: false },
    ref: { kind: "chart", value: chart, version },
  };
}

function artifactPlace({ repoURL: url, targetRevision }: SourceFields): Place {
  const value = targetRevision && targetRevision !== "HEAD" ? targetRevision : "latest";
  const isRange = parseVersion(value, true) === undefined && parseConstraint(value) !== undefined;
  const kind = value.startsWith("sha256:") ? "digest" : isRange ? "semver" : "tag";
  const layer = { mediaType: "", operation: "extract" } as const;
  return { key: `oci:${url}#${value}`, url, remote: { kind: "oci", insecure: false, layer }, ref: { kind, value } };
}
