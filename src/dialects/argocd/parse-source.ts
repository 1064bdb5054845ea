import type { AppSource } from "#core/app/app.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { digestText } from "#core/resource/digest.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { pathInside } from "#core/source/clean-path.ts";
import type { Revision, Source, SourceKey } from "#core/source/source.ts";
import { directoryProblems, directorySpec } from "./parse-directory.ts";
import { kustomizeOverrides } from "./parse-kustomize.ts";
import type { PollingSettings } from "./settings-polling.ts";
import type { SourceFields } from "./source-schema.ts";

const FETCH_TIMEOUT_MS = 60_000;

const REQUIRED = "spec.source.repoURL and either spec.source.path or spec.source.chart are required";

/** The source of an app: the repository and ref to follow, the path in it, and how it is rendered. */
export function parseSource(
  fields: SourceFields | undefined,
  recorded: Revision | null,
  polling: PollingSettings,
): Result<AppSource, readonly Problem[]> {
  if (!fields?.repoURL || (fields.path ?? "") === "") {
    return refused([{ path: "spec.source", message: REQUIRED }]);
  }
  const problems: Problem[] = [];
  const path = normalPath(fields.path ?? "");
  if (path.problem !== null) problems.push({ path: "spec.source.path", message: path.problem });
  const blocks = [fields.kustomize ? "Kustomize" : "", fields.directory ? "Directory" : ""].filter(Boolean);
  if (blocks.length > 1) {
    problems.push({ path: "spec.source", message: `multiple application sources defined: ${blocks.join(",")}` });
  }
  for (const replica of fields.kustomize?.replicas ?? []) {
    if (!/^\d{1,9}$/.test(String(replica.count))) {
      const message = `spec.source.kustomize.replicas: ${JSON.stringify(replica.count)} is not a count`;
      problems.push({ path: "spec.source.kustomize.replicas", message });
    }
  }
  problems.push(...directoryProblems(fields.directory));
  if (problems.length > 0) return refused(problems);
  const inline = { ...inlineSource(fields, polling), recorded };
  return ok({ source: inline.key, inline, path: path.value, render: renderSpec(fields) });
}

/** Milliseconds between two looks, spread by name so that apps made together do not look together. */
export function spreadInterval(name: string, { periodMs, jitterMs }: PollingSettings): number {
  return periodMs + (Number.parseInt(digestText(name).slice(0, 8), 16) % Math.max(1, jitterMs));
}

/** The ref that `targetRevision` names; HEAD when it is empty. */
export function targetRevisionOf(fields: { readonly targetRevision?: string } | undefined): string {
  return fields?.targetRevision || "HEAD";
}

/** All apps with the same repository and ref share one source, and so one poll. */
function inlineSource(fields: SourceFields, polling: PollingSettings): Omit<Source, "recorded"> {
  const ref = targetRevisionOf(fields);
  const key = `git:${fields.repoURL}#${ref}` as SourceKey;
  return {
    key,
    url: fields.repoURL,
    ref: { kind: "auto", value: ref },
    remote: { kind: "git" },
    secrets: {},
    intervalMs: spreadInterval(key, polling),
    timeoutMs: FETCH_TIMEOUT_MS,
    ignore: undefined,
    suspended: false,
    object: null,
    requestToken: null,
  };
}

function renderSpec(fields: SourceFields): RenderSpec {
  if (fields.kustomize) {
    return { kind: "kustomize", overrides: kustomizeOverrides(fields.kustomize), generate: false };
  }
  const directory = directorySpec(fields.directory);
  return fields.directory ? directory : { kind: "detect", overrides: {}, directory };
}

function normalPath(path: string): { value: string; problem: string | null } {
  if (path.startsWith("/")) return { value: "", problem: `${path}: app path is absolute` };
  const value = pathInside(path);
  return value === null ? { value: "", problem: `${path}: app path outside root` } : { value, problem: null };
}
