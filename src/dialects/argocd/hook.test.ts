import { describe, expect, test } from "vitest";
import type { ObjectMeta } from "#core/resource/resource.ts";
import { hookRole, hookRules } from "./hook.ts";
import { stageOf, waveOf } from "./stages.ts";
import { application, parsed } from "./testdata/build-app.ts";
import { TRACKING_ANNOTATION } from "./tracking.ts";

const job = (annotations: Record<string, string>, metadata: Partial<ObjectMeta> = { name: "j" }) => ({
  apiVersion: "batch/v1",
  kind: "Job",
  metadata: { name: "", ...metadata, namespace: "shop", annotations },
});
const own = (hook: string, policy?: string) =>
  job({
    "argocd.argoproj.io/hook": hook,
    ...(policy !== undefined && { "argocd.argoproj.io/hook-delete-policy": policy }),
  });
const helm = (hook: string, more: Record<string, string> = {}) => job({ "helm.sh/hook": hook, ...more });

describe("hookRole()", () => {
  const cases = [
    { name: "several moments", object: own("PreSync, PostSync"), want: ["before", "after"], clears: ["before"] },
    { name: "Skip beside others", object: own("Skip,SyncFail"), want: ["failed"], clears: ["before"] },
    {
      name: "its policies",
      object: own("Sync", "HookSucceeded,HookFailed"),
      want: ["during"],
      clears: ["succeeded", "failed"],
    },
    {
      name: "Helm's events and policy",
      object: helm("pre-install,pre-upgrade", { "helm.sh/hook-delete-policy": "hook-succeeded" }),
      want: ["before"],
      clears: ["succeeded"],
    },
    { name: "Helm's tests", object: helm("test"), want: [], clears: ["before"] },
    {
      name: "deletions",
      object: own("PreDelete,PostDelete"),
      want: ["before-delete", "after-delete"],
      clears: ["before"],
    },
    {
      name: "its own annotation before Helm's",
      object: job({ "argocd.argoproj.io/hook": "PostSync", "helm.sh/hook": "pre-install" }),
      want: ["after"],
      clears: ["before"],
    },
  ];
  for (const { name, object, want, clears } of cases) {
    test(`reads ${name}`, () => {
      const spec = hookRules.of(object);
      expect(spec?.moments.map(({ moment }) => moment)).toEqual(want);
      expect(spec?.clears).toEqual(clears);
    });
  }

  test("takes definitions of charts, plain objects and skipped ones for none", () => {
    expect([helm("crd-install"), job({})].map((object) => hookRole(object).kind)).toEqual(["none", "none"]);
    expect(hookRole(own("Skip")).kind).toBe("skip");
  });
});

test("a run is marked, kept by the finalizer, and named after commit, moment and time where it has no name", () => {
  const run = { word: "PostSync", mark: "m", commit: "0123456789", startedAt: 1_795_256_322_900 };
  const named = hookRules.runOf(own("PostSync"), run);
  expect(named.metadata).toMatchObject({ name: "j", finalizers: ["argocd.argoproj.io/hook-finalizer"] });
  expect(hookRules.markOf(named)).toBe("m");
  const tracked = job({ [TRACKING_ANNOTATION]: "shop:batch/Job:shop/" }, { generateName: "post-" });
  const made = hookRules.runOf(tracked, run);
  expect(made.metadata.name).toBe("post-0123456-postsync-1795256322");
  expect(made.metadata.annotations?.[TRACKING_ANNOTATION]).toBe(`shop:batch/Job:shop/${made.metadata.name}`);
  expect(made.metadata.generateName).toBeUndefined();
});

test("Helm's weight is the wave where there is no other", () => {
  const weight = { "helm.sh/hook-weight": "-5" };
  expect(waveOf(helm("pre-install", weight))).toBe(-5);
  expect(waveOf(helm("pre-install", { ...weight, "argocd.argoproj.io/sync-wave": "2" }))).toBe(2);
});

test("a Namespace moves before the first hook that is in it, and not for one that runs after a failure", () => {
  const app = parsed(application());
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "shop" } };
  const stage = (hook: string) => stageOf(namespace, app, [namespace, own(hook)]);
  expect(stage("PreSync")).toMatchObject({ phase: -1, wave: 0 });
  expect(stage("SyncFail")).toMatchObject({ phase: 0, wave: 0 });
});
