import type { App } from "#core/app/app.ts";
import type { ObjectOptions } from "#core/app/rules.ts";
import { type Resource, annotationsOf, labelsOf } from "#core/resource/resource.ts";
import { ignoredPathsOf } from "./ignore-rules.ts";
import type { KustomizationDetails } from "./parse-kustomization.ts";

/** Prefix of the labels and annotations that steer single objects. */
export const group = "kustomize.toolkit.fluxcd.io";

/** What an object's own labels and annotations ask for: fluxcd/pkg ssa/manager_apply.go@e2cfd1a. */
export function optionsOf(resource: Resource, live: Resource | null, app: App): ObjectOptions {
  const apply = applyMode(resource, live);
  const { ignore } = app.details as KustomizationDetails;
  // The object itself is what a deletion looks at, so an opt-out that was set by hand holds.
  const kept = asks(live ?? resource, "prune", "disabled") || asks(resource, "prune", "disabled") || apply === "ignore";
  return {
    apply,
    prune: !kept,
    deleteWithApp: !kept,
    force: app.policy.force || asks(resource, "force", "enabled"),
    replace: false,
    counted: apply !== "ignore" && !(apply === "if-absent" && live !== null),
    ignoredPaths: ignoredPathsOf(ignore, resource),
    leaveIgnored: ignore.length > 0,
  };
}

function applyMode(resource: Resource, live: Resource | null): ObjectOptions["apply"] {
  for (const object of live === null ? [resource] : [resource, live]) {
    if (asks(object, "reconcile", "disabled") || asks(object, "ssa", "ignore")) return "ignore";
  }
  if (asks(resource, "ssa", "ifnotpresent")) return "if-absent";
  return asks(resource, "ssa", "merge") ? "merge" : "apply";
}

/** Upstream compares the values without case and takes labels and annotations alike. */
function asks(object: Resource, option: string, value: string): boolean {
  const name = `${group}/${option}`;
  return [annotationsOf(object)[name], labelsOf(object)[name]].some((set) => set?.toLowerCase() === value);
}
