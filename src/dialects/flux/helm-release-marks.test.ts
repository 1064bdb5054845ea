import { describe, expect, test } from "vitest";
import type { AppReport } from "#core/app/app-report.ts";
import { noReleaseMemory } from "#core/release/release-memory.ts";
import { captured } from "./testdata/captured.ts";
import { conditionsIn, fresh, memoryOf, outcome, released, written } from "./testdata/helm-reports.ts";
import { now } from "./testdata/reports.ts";

const good = memoryOf("helmrelease-good-upgraded");

describe("a HelmRelease with nothing at work", () => {
  const object = fresh(captured("helmrelease-rel"));
  const done = captured("helmrelease-good-upgraded");

  test("after a restart what the status tells stays, without an event", () => {
    for (const file of ["helmrelease-good-upgraded", "helmrelease-rel"]) {
      const before = captured(file);
      const memory = memoryOf(file);
      const phase: AppReport["phase"] = { kind: "syncing", step: "preflight" };
      expect(written(before, { phase, release: released(memory) })).toEqual({
        status: before["status"],
        patch: null,
        events: [],
      });
    }
  });

  const waits: readonly {
    readonly says: Partial<AppReport>;
    readonly ready: readonly string[];
    readonly event?: string;
  }[] = [
    {
      says: { phase: { kind: "dependency", on: "hr/a/b", message: "dependency 'a/b' is not ready" } },
      ready: ["DependencyNotReady", "dependency 'a/b' is not ready"],
      event: "Normal",
    },
    {
      says: {
        phase: {
          kind: "render-failed",
          code: "build",
          message: "could not resolve Secret chart values reference 'a/b' with key 'c': key not found",
        },
      },
      ready: ["ValuesError", "could not resolve Secret chart values reference 'a/b' with key 'c': key not found"],
      event: "Warning",
    },
    {
      says: { phase: { kind: "render-failed", code: "path", message: "no Chart.yaml" } },
      ready: ["ArtifactFailed", "Could not load chart: no Chart.yaml"],
      event: "Warning",
    },
    {
      says: {
        phase: {
          kind: "source-failed",
          missing: false,
          message: "HelmChart/cap-flux/cap-flux-rel has no revision yet",
        },
      },
      ready: ["SourceNotReady", "HelmChart 'cap-flux/cap-flux-rel' is not ready: does not have an artifact"],
    },
    {
      says: { phase: { kind: "source-failed", missing: true, message: "HelmChart/cap-flux/cap-flux-rel not found" } },
      ready: ["SourceNotReady", "HelmChart 'cap-flux/cap-flux-rel' is not ready: does not have an artifact"],
    },
  ];
  for (const { says, ready, event } of waits) {
    test(`waits with ${ready.join(": ")}`, () => {
      const { status, events } = written(object, { ...says, release: released(noReleaseMemory) });
      expect(conditionsIn({ status })).toEqual({
        Reconciling: ["True", "Progressing", "Fulfilling prerequisites"],
        Ready: ["False", ...ready],
      });
      expect(events.map(({ type, reason }) => [type, reason])).toEqual(event ? [[event, ready[0]]] : []);
    });
  }

  test("a chart of others that does not exist is named as the API server names it", () => {
    const { chart, ...spec } = object["spec"] as { chart: unknown };
    const chartRef = { kind: "OCIRepository", name: "podinfo" };
    const { status } = written(
      { ...object, spec: { ...spec, chartRef } },
      {
        phase: { kind: "source-failed", missing: true, message: "OCIRepository/cap-flux/podinfo not found" },
        release: released(noReleaseMemory),
      },
    );
    expect(chart).toBeDefined();
    expect(conditionsIn({ status })["Ready"]).toEqual([
      "False",
      "ArtifactFailed",
      'could not get Source object: ocirepositories.source.toolkit.fluxcd.io "podinfo" not found',
    ]);
    expect(status).not.toHaveProperty("helmChart");
  });

  test("an invalid spec stalls, observed, and keeps what is known of the release", () => {
    const problems = [{ path: "spec.kubeConfig", message: "not supported yet" }];
    const { status, events } = written(done, { phase: { kind: "invalid", problems } });
    const said = "Reconciliation failed terminally due to configuration error: spec.kubeConfig: not supported yet";
    expect(conditionsIn({ status })).toMatchObject({
      Stalled: ["True", "InvalidSpec", said],
      Ready: ["False", "InvalidSpec", said],
    });
    const { history, helmChart } = done["status"] as Readonly<Record<string, unknown>>;
    expect(status).toMatchObject({ history, helmChart, observedGeneration: 2 });
    expect(events.map(({ reason }) => reason)).toEqual(["InvalidSpec"]);
  });

  test("a suspended or shadowed release keeps its status", () => {
    const status = done["status"];
    const phases: readonly AppReport["phase"][] = [
      { kind: "suspended" },
      { kind: "shadow", rival: "Flux", wouldWrite: 1 },
      { kind: "new" },
    ];
    for (const phase of phases) {
      const says = { phase, release: released(noReleaseMemory) };
      expect(written(done, says)).toEqual({ status, patch: null, events: [] });
    }
  });

  test("what cannot be decided is told as an error, whatever was released before", () => {
    const { status, events } = written(done, {
      phase: { kind: "sync-failed", step: "preflight", message: "cannot read records", retryAt: now },
      release: released(good),
    });
    expect(conditionsIn({ status })["Ready"]).toEqual(["False", "ReconcileError", "cannot read records"]);
    expect(events.map(({ reason }) => reason)).toEqual(["ReconcileError"]);
  });

  test("Ready says what is known of the newest generation", () => {
    const stored = (type: string, observedGeneration: number) => ({
      type,
      status: "True",
      reason: `${type}At${observedGeneration}`,
      message: "",
      observedGeneration,
    });
    const readyOf = (conditions: readonly object[]) => {
      const before = { ...done, status: { ...(done["status"] as object), conditions } };
      const phase: AppReport["phase"] = { kind: "syncing", step: "apply" };
      const running = { action: "test", timeoutMs: 1_000 } as const;
      return conditionsIn(written(before, { phase, release: released(good, { running }) }))["Ready"]?.slice(0, 2);
    };
    expect(readyOf([stored("Released", 2), stored("Remediated", 1)])).toEqual(["True", "ReleasedAt2"]);
    expect(readyOf([stored("Released", 2), stored("Remediated", 2)])).toEqual(["False", "RemediatedAt2"]);
  });

  test("a failure in the words of the one before counts for its own generation", () => {
    const failed = outcome(good, { ok: false, action: "upgrade", message: "no", generation: 2 });
    const says = (generation: number): Partial<AppReport> => ({
      phase: { kind: "sync-failed", step: "apply", message: "no", retryAt: now },
      release: released(good, { released: { ...failed, generation } }),
    });
    const first = written(done, says(2));
    const newer = { ...done, metadata: { ...done.metadata, generation: 3 }, status: first.status };
    const { status } = written(newer, says(3));
    const { conditions = [] } = status as { conditions?: readonly { type: string; observedGeneration: number }[] };
    expect(conditions.find(({ type }) => type === "Released")?.observedGeneration).toBe(3);
  });

  test("deletions that are held are told once, with what lets them go on", () => {
    const says: Partial<AppReport> = {
      phase: { kind: "synced" },
      notices: [{ kind: "held", message: "2 objects" }],
      release: released(good),
    };
    const { status, events } = written(done, says);
    const message = "2 objects; to allow it run: holdfast approve hr/cap-flux/good";
    expect(conditionsIn({ status })["Held"]).toEqual(["True", "DeletionHeld", message]);
    expect(events.map(({ reason }) => reason)).toEqual(["DeletionHeld"]);
    expect(written({ ...done, status }, says).events).toEqual([]);
  });
});
