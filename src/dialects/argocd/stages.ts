import type { App } from "#core/app/app.ts";
import type { StageGate, StageKey } from "#core/order/stage.ts";
import { splitApiVersion } from "#core/resource/resource-id.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { fieldAt, textAt } from "./fields.ts";
import { isOwnNamespace } from "./own-namespace.ts";

const WAVE = "argocd.argoproj.io/sync-wave";

/** Namespaces, then definitions, then everything else: what a wave's objects need is there before them. */
const RANK = { namespace: 0, definition: 1, rest: 2 } as const;

/** The wave that an object's annotation names; 0 when it names none. */
export function waveOf(resource: Resource): number {
  const text = annotationsOf(resource)[WAVE] ?? "";
  return /^[+-]?\d{1,9}$/.test(text) ? Number(text) : 0;
}

/** Where an object belongs: its wave, or the earlier one of an object that needs it. */
export function stageOf(resource: Resource, _app: App, all: readonly Resource[]): StageKey {
  if (isOwnNamespace(resource)) return { phase: -1, wave: 0, rank: RANK.namespace };
  const wave = waveOf(resource);
  const { group } = splitApiVersion(resource.apiVersion);
  if (group === "" && resource.kind === "Namespace") {
    const inside = (other: Resource) => other.metadata.namespace === resource.metadata.name;
    return { phase: 0, wave: earliest(wave, all, inside), rank: RANK.namespace };
  }
  if (group === "apiextensions.k8s.io" && resource.kind === "CustomResourceDefinition") {
    const defined = {
      group: textAt(resource["spec"], "group"),
      kind: textAt(fieldAt(resource["spec"], "names"), "kind"),
    };
    const instance = (other: Resource) =>
      other.kind === defined.kind && splitApiVersion(other.apiVersion).group === defined.group;
    return { phase: 0, wave: earliest(wave, all, instance), rank: RANK.definition };
  }
  return { phase: 0, wave, rank: RANK.rest };
}

/** Between waves everything must be healthy; within one, its namespaces and definitions must be served. */
export function gateAfter(key: StageKey): StageGate {
  return key.rank < RANK.rest ? "established" : "healthy";
}

function earliest(wave: number, all: readonly Resource[], needs: (other: Resource) => boolean): number {
  let first = wave;
  for (const other of all) if (needs(other)) first = Math.min(first, waveOf(other));
  return first;
}
