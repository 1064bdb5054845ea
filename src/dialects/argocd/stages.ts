import type { App } from "#core/app/app.ts";
import { compareStages, type StageGate, type StageKey } from "#core/order/stage.ts";
import { splitApiVersion } from "#core/resource/resource-id.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { HOOK_PHASES } from "#core/sync/hook.ts";
import { fieldAt, textAt } from "./fields.ts";
import { hookRole } from "./hook.ts";
import { isOwnNamespace } from "./own-namespace.ts";

const WAVE = "argocd.argoproj.io/sync-wave";
const WEIGHT = "helm.sh/hook-weight";
const WHOLE_NUMBER = /^[+-]?\d{1,9}$/;

/** Namespaces, then definitions, then everything else: what a wave's objects need is there before them. */
const RANK = { namespace: 0, definition: 1, rest: 2 } as const;

/** The wave that an object's annotations name, Helm's weight where there is no other; 0 when they name none. */
export function waveOf(resource: Resource): number {
  const annotations = annotationsOf(resource);
  const text = [annotations[WAVE], annotations[WEIGHT]].find((value) => WHOLE_NUMBER.test(value ?? ""));
  return Number(text ?? 0);
}

/** What is wrong with the wave that an object names; null: nothing. */
export function waveProblem(resource: Resource): string | null {
  const text = annotationsOf(resource)[WAVE];
  if (text === undefined || WHOLE_NUMBER.test(text)) return null;
  return `annotation ${WAVE}: ${JSON.stringify(text.slice(0, 80))} is not a whole number; wave ${waveOf(resource)} is used`;
}

/** Where an object belongs: its wave, or the earlier one of an object that needs it. */
export function stageOf(resource: Resource, _app: App, all: readonly Resource[]): StageKey {
  // Before everything else, hooks included.
  if (isOwnNamespace(resource)) return { phase: -2, wave: 0, rank: RANK.namespace };
  const { group } = splitApiVersion(resource.apiVersion);
  if (group === "" && resource.kind === "Namespace") {
    const inside = (other: Resource) => other.metadata.namespace === resource.metadata.name;
    return { ...earliest(resource, all, inside), rank: RANK.namespace };
  }
  if (group === "apiextensions.k8s.io" && resource.kind === "CustomResourceDefinition") {
    const defined = {
      group: textAt(resource["spec"], "group"),
      kind: textAt(fieldAt(resource["spec"], "names"), "kind"),
    };
    const instance = (other: Resource) =>
      other.kind === defined.kind && splitApiVersion(other.apiVersion).group === defined.group;
    return { ...earliest(resource, all, instance), rank: RANK.definition };
  }
  return { phase: 0, wave: waveOf(resource), rank: RANK.rest };
}

/** Between waves everything must be healthy; within one, its namespaces and definitions must be served. */
export function gateAfter(key: StageKey): StageGate {
  return key.rank < RANK.rest ? "established" : "healthy";
}

function earliest(resource: Resource, all: readonly Resource[], needs: (other: Resource) => boolean): StageKey {
  let first: StageKey = { phase: 0, wave: waveOf(resource), rank: 0 };
  for (const other of all.filter(needs))
    for (const place of placesOf(other)) if (compareStages(place, first) < 0) first = place;
  return first;
}

function placesOf(resource: Resource): StageKey[] {
  const role = hookRole(resource);
  const phases = role.kind === "hook" ? role.spec.moments.map(({ moment }) => HOOK_PHASES[moment]) : [0];
  const inSync = phases.filter((phase) => phase >= HOOK_PHASES.before);
  return inSync.map((phase) => ({ phase, wave: waveOf(resource), rank: 0 }));
}
