import { type Resource, annotationsOf } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { type Source, sourceObjectKey } from "#core/source/source.ts";
import { durationField } from "./duration-field.ts";
import { addressOf } from "./object-address.ts";
import { requestedAtAnnotation } from "./parse-kustomization.ts";

/** What the specs of all sources share. */
export interface SourceSpec {
  readonly url: string;
  readonly interval: string;
  readonly timeout?: string;
  readonly ignore?: string;
  readonly suspend?: boolean;
}

const shortestMs = 1_000;
const defaultTimeoutMs = 60_000;

/** The part of a source that is read alike from every kind; what is wrong with it is added to the problems. */
export function sourceBasics(
  object: Resource,
  spec: SourceSpec,
  problems: Problem[],
): Omit<Source, "remote" | "ref" | "secrets" | "recorded"> {
  const interval = durationField({ path: "spec.interval", text: spec.interval }, 0, problems);
  const timeoutMs = durationField({ path: "spec.timeout", text: spec.timeout }, defaultTimeoutMs, problems);
  if (spec.url.length > 2_048) problems.push({ path: "spec.url", message: "is too long: at most 2048 characters" });
  return {
    key: sourceObjectKey(object.kind, object.metadata.namespace ?? "", object.metadata.name),
    url: spec.url,
    intervalMs: Math.max(interval, shortestMs),
    timeoutMs: Math.max(timeoutMs, shortestMs),
    ignore: spec.ignore ?? null,
    suspended: spec.suspend ?? false,
    object: addressOf(object),
    requestToken: annotationsOf(object)[requestedAtAnnotation] ?? null,
  };
}
