import { expect, test } from "vitest";
import { mergePatch } from "#core/diff/merge-patch.ts";
import type { Resource } from "#core/resource/resource.ts";
import { usualArgoSettings } from "../settings.ts";
import { parseSet } from "./parse-set.ts";
import { give, isHeld, ownPolicy, take } from "./set-adoption.ts";

const NOW = "2026-01-02T03:04:05Z";
const { sets: settings } = usualArgoSettings;

function setOf(syncPolicy: object, more: object = {}): Resource {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    metadata: { name: "fleet", namespace: "argocd" },
    spec: {
      generators: [{ list: {} }],
      template: { metadata: {}, spec: { project: "default", destination: {} } },
      syncPolicy,
      ...more,
    },
  };
}

/** What a merge patch makes of an object. */
function patched(value: unknown, patch: unknown): unknown {
  if (typeof patch !== "object" || patch === null) return patch;
  const made: Record<string, unknown> = { ...(value as object) };
  for (const [name, member] of Object.entries(patch)) {
    if (member === null) delete made[name];
    else made[name] = patched(made[name], member);
  }
  return made;
}

test.each([{}, { applicationsSync: "create-update" }, { preserveResourcesOnDeletion: true }])(
  "a set with %o is kept from Argo CD, keeps its own policy here, and is given back as it was",
  (syncPolicy) => {
    const before = setOf(syncPolicy);
    const taken = take(before, settings, NOW);
    const held = patched(before, taken.ok && taken.value) as Resource;
    expect(held["spec"]).toMatchObject({ syncPolicy: { applicationsSync: "create-only" } });
    expect([isHeld(before), isHeld(held)]).toEqual([false, true]);
    expect(ownPolicy(held)).toBe(ownPolicy(before));
    expect(take(held, settings, NOW)).toEqual({ ok: true, value: null });
    const back = patched(held, give(held)) as Resource;
    expect(mergePatch(before["spec"] as never, back["spec"] as never)).toBeUndefined();
    expect(give(before)).toBeNull();
  },
);

test("an adopted set deletes what its own policy lets it", () => {
  const parsed = (object: Resource) => {
    const set = parseSet(object, settings, "argocd");
    return set.ok && [set.value.update, set.value.delete];
  };
  const taken = take(setOf({}), settings, NOW);
  expect(parsed(patched(setOf({}), taken.ok && taken.value) as Resource)).toEqual([true, true]);
  expect(parsed(setOf({ applicationsSync: "create-only" }))).toEqual([false, false]);
});

test("where somebody turns the switch back the set is Argo CD's again", () => {
  const taken = take(setOf({}), settings, NOW);
  const held = patched(setOf({}), taken.ok && taken.value);
  const turned = patched(held, { spec: { syncPolicy: { applicationsSync: "sync" } } }) as Resource;
  expect(isHeld(turned)).toBe(false);
  expect(give(turned)).toEqual({ metadata: { annotations: { "holdfast.dev/adopted": null } } });
});

test("a set that cannot be kept from Argo CD is not adopted", () => {
  const step = { matchExpressions: [] };
  const rolling = { strategy: { type: "RollingSync", rollingSync: { steps: [step] } } };
  expect(take(setOf({}, rolling), settings, NOW)).toMatchObject({ ok: false });
  expect(take(setOf({}), { ...settings, policy: "sync" }, NOW)).toMatchObject({ ok: false });
});
