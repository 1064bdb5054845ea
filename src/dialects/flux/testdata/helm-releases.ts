import type { App } from "#core/app/app.ts";
import { usualSettings } from "#core/app/settings.ts";
import type { Resource } from "#core/resource/resource.ts";
import { parseHelmRelease } from "../helm-release-parse.ts";

/** The settings of an installation where nobody chose any. */
export const usual = usualSettings("flux-system");

/** A chart template with nothing that is optional. */
export const chart = { spec: { chart: "podinfo", sourceRef: { kind: "HelmRepository", name: "stable" } } };

/** The shortest spec. */
export const base = { interval: "10m", chart };

/** A HelmRelease with a spec. */
export function release(spec: unknown): Resource {
  const metadata = { name: "web", namespace: "shop", generation: 1 };
  return { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease", metadata, spec };
}

/** What an object is parsed into. @throws when it is refused */
export function app(object: Resource, settings = usual): App {
  const parsed = parseHelmRelease(object, settings);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.error));
  return parsed.value;
}

/** Why an object is refused, as `path: message`. */
export function problemsOf(object: Resource, settings = usual): readonly string[] {
  const parsed = parseHelmRelease(object, settings);
  return parsed.ok ? [] : parsed.error.map(({ path, message }) => `${path}: ${message}`);
}
