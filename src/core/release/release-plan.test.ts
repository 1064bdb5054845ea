import { describe, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import type { HelmHookEvent } from "#core/helm/release.ts";
import type { Desired } from "#core/plan/make-plan.ts";
import type { Plan } from "#core/plan/plan.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import { hooksOf, hookStages, isCleared, type ReleaseHook, withReleaseSteps } from "./release-plan.ts";

function desired(name: string, kind = "Job"): Desired {
  const id = { group: "", kind, namespace: "a", name };
  const resource = { apiVersion: "v1", kind, metadata: { name, namespace: "a" } };
  const options = {} as Desired["options"];
  const key = `/${kind}/a/${name}` as IdKey;
  return { key, id, version: "v1", resource, options, stage: { phase: 0, wave: 0, rank: 0 }, rank: 0, input: "" };
}

function hook(
  name: string,
  events: readonly HelmHookEvent[],
  more: { weight?: number; policies?: readonly string[]; kind?: string } = {},
): ReleaseHook {
  const { weight = 0, policies = [], kind } = more;
  return {
    hook: { name, events, weight, delete_policies: policies, path: `web/${name}.yaml`, last_run: { phase: "" } },
    desired: desired(name, kind),
  };
}

const shown = (stages: Plan["stages"]) =>
  stages.map(({ gate, changes, awaits }) => ({
    gate,
    work: changes.map(({ action, id }) => `${action} ${id.name}`),
    awaits: awaits?.length ?? 0,
  }));

describe("hookStages()", () => {
  test("runs the hooks of an event one after another by weight and name, each behind its own gate", () => {
    const hooks = [
      hook("c", ["pre-install"], { weight: 1 }),
      hook("b", ["pre-install"]),
      hook("a", ["pre-install", "post-install"]),
      hook("z", ["pre-install"], { weight: -1 }),
      hook("other", ["post-install"]),
    ];
    expect(hooksOf(hooks, "pre-install").map(({ hook: { name } }) => name)).toEqual(["z", "a", "b", "c"]);
    expect(shown(hookStages({ hooks: hooks.slice(0, 1) }, "pre-install"))).toEqual([
      { gate: "gone", work: ["clear c"], awaits: 1 },
      { gate: "finished", work: ["run c"], awaits: 1 },
    ]);
  });

  test("deletes what succeeded only where the policy says so, and an earlier run unless it says otherwise", () => {
    const hooks = [
      hook("kept", ["test"], { policies: ["hook-failed"] }),
      hook("spent", ["test"], { policies: ["hook-succeeded"] }),
    ];
    expect(shown(hookStages({ hooks }, "test"))).toEqual([
      { gate: "finished", work: ["run kept"], awaits: 1 },
      { gate: "finished", work: ["run spent"], awaits: 1 },
      { gate: "none", work: ["clear spent"], awaits: 0 },
    ]);
  });

  test("never deletes a definition, with which its instances would go", () => {
    const crd = hook("crd", ["pre-install"], { kind: "CustomResourceDefinition", policies: ["hook-succeeded"] });
    const defaulted = hook("crd", ["pre-install"], { kind: "CustomResourceDefinition" });
    for (const one of [crd, defaulted])
      expect(shown(hookStages({ hooks: [one] }, "pre-install"))).toEqual([
        { gate: "finished", work: ["run crd"], awaits: 1 },
      ]);
    expect(isCleared(crd, "hook-succeeded")).toBe(false);
  });
});

test("withReleaseSteps() puts what comes first and the hooks around the plan, and the wait before the last hooks", () => {
  const main: Plan["stages"][number] = { key: { phase: 0, wave: 0, rank: 0 }, gate: "none", changes: [] };
  const plan: Plan = { app: "hr/a/b" as AppKey, revision: "", stages: [main], held: [], waiting: 0, digest: "" };
  const steps = {
    first: [desired("crd", "CustomResourceDefinition")],
    hooks: [hook("pre", ["pre-upgrade"], { policies: ["hook-failed"] }), hook("post", ["post-upgrade"])],
    before: "pre-upgrade",
    after: "post-upgrade",
    gate: "complete",
    awaits: [desired("app").key],
  } as const;
  expect(shown(withReleaseSteps(plan, steps).stages)).toEqual([
    { gate: "none", work: ["run crd"], awaits: 0 },
    { gate: "finished", work: ["run pre"], awaits: 1 },
    { gate: "none", work: [], awaits: 0 },
    { gate: "complete", work: [], awaits: 1 },
    { gate: "gone", work: ["clear post"], awaits: 1 },
    { gate: "finished", work: ["run post"], awaits: 1 },
  ]);
  const impatient = withReleaseSteps(plan, { ...steps, gate: "none", before: null, after: null });
  expect(shown(impatient.stages)).toHaveLength(2);
});
