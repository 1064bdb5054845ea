import { usualSettings } from "#core/app/settings.ts";
import { describe, expect, test } from "vitest";
import type { AppPhase, AppReport, ObjectWrite } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import { parseKustomization } from "./parse-kustomization.ts";
import { reportKustomization } from "./report-kustomization.ts";
import { captured } from "./testdata/captured.ts";
import { finished, now, report, result, revision, target } from "./testdata/reports.ts";

const objectsOfOk = [
  target("apps", "Deployment", "web"),
  target("", "Service", "web"),
  target("", "Secret", "web"),
  target("rbac.authorization.k8s.io", "ClusterRole", "web:reader", ""),
  target("", "ConfigMap", "web"),
];
const broken = target("apps", "Deployment", "broken");
const stalled = "failed early due to stalled resources: [Deployment/cap-target/broken status: 'Failed']";
const forbidden =
  'ConfigMap/cap-target/dep dry-run failed (Forbidden): configmaps "dep" is forbidden: User "system:serviceaccount:cap-flux:nobody" cannot patch resource "configmaps" in API group "" in the namespace "cap-target"';

const unknownKind = 'Nothing/cap-target/x dry-run failed: no matches for kind "Nothing" in version "example.com/v1"';

/** What each captured status says, as the engine reports it. */
const goldens: readonly { readonly file: string; readonly says: Partial<AppReport> }[] = [
  {
    file: "kustomization-ok",
    says: {
      phase: { kind: "synced" },
      applied: revision,
      inventory: objectsOfOk.map((id) => ({ id, version: "v1" })),
      sync: finished(objectsOfOk.map((id) => result(id, "created"))),
      gate: { state: "passed", tookMs: 20, message: "" },
      renderDigest: "sha256:960a6d828331735c790ce421e27356c4a364e63f614f29abe07c5ff4f761d797",
    },
  },
  {
    file: "kustomization-dep",
    says: {
      phase: { kind: "synced" },
      applied: revision,
      inventory: [{ id: target("", "ConfigMap", "dep"), version: "v1" }],
      sync: finished([result(target("", "ConfigMap", "dep"), "created")]),
      renderDigest: "sha256:237ad570837a41445183d670bf44d2202ad4c2e9c08808fb91f938609d7e6a34",
    },
  },
  {
    file: "kustomization-dep-blocked",
    says: {
      phase: {
        kind: "dependency",
        on: "ks/cap-flux/bad-yaml",
        message: "dependency 'cap-flux/bad-yaml' is not ready",
      },
    },
  },
  {
    file: "kustomization-bad-yaml",
    says: {
      phase: {
        kind: "render-failed",
        code: "build",
        message:
          "failed to decode Kubernetes YAML from <tmp>: MalformedYAMLError: yaml: line 2: did not find expected ',' or '}'",
      },
    },
  },
  {
    file: "kustomization-missing-path",
    says: { phase: { kind: "render-failed", code: "path", message: "stat <tmp>: no such file or directory" } },
  },
  {
    file: "kustomization-missing-crd",
    says: {
      phase: {
        kind: "sync-failed",
        step: "preflight",
        message: unknownKind,
        retryAt: now,
      },
      sync: finished([], { outcome: "failed", message: unknownKind }),
      renderDigest: "sha256:f4b713ed753f62c2495898c1c5195341805f19fd337c240b49a6363445205074",
    },
  },
  {
    file: "kustomization-impersonated",
    says: {
      phase: { kind: "sync-failed", step: "preflight", message: forbidden, retryAt: now },
      sync: finished([], { outcome: "failed", message: forbidden }),
      renderDigest: "sha256:237ad570837a41445183d670bf44d2202ad4c2e9c08808fb91f938609d7e6a34",
    },
  },
  {
    file: "kustomization-health-fail",
    says: {
      phase: { kind: "sync-failed", step: "health", message: stalled, retryAt: now },
      sync: finished([result(broken, "created")], { outcome: "failed", message: stalled }),
      inventory: [{ id: broken, version: "v1" }],
      gate: { state: "failed", tookMs: 14, message: stalled },
      renderDigest: "sha256:df8854f5219e3771c0d43638a3270985eff94c89df482416e24ce1968a8d8a59",
    },
  },
  { file: "kustomization-suspended", says: { phase: { kind: "suspended" } } },
];

describe("reportKustomization() writes what Flux wrote", () => {
  for (const { file, says } of goldens) {
    test(file, () => {
      const object = captured(file);
      const { status } = written(fresh(object), says);
      expect(timeless(status)).toEqual(timeless(object["status"]));
    });
  }
});

describe("reportKustomization()", () => {
  test("a suspended app keeps its status and observes the new generation", () => {
    const after = captured("kustomization-dep-suspended");
    const before = { ...after, status: { ...(after["status"] as object), observedGeneration: 1 } };
    expect(written(before, { phase: { kind: "suspended" } })).toEqual({
      status: after["status"],
      patch: null,
      events: [],
    });
  });

  test("a shadowed app keeps Flux's status untouched, whatever else is known", () => {
    const object = captured("kustomization-health-fail");
    const phase: AppPhase = { kind: "shadow", rival: "Flux", wouldWrite: 3 };
    const notices = [{ kind: "held", message: "2 objects" }] as const;
    expect(written(object, { phase, notices, handledToken: "now" })).toEqual({
      status: object["status"],
      patch: null,
      events: [],
    });
  });

  test("an invalid spec stalls, observed, with the field path", () => {
    const problems = [{ path: "spec.postBuild", message: "not supported yet" }];
    const { status, events } = written(captured("kustomization-undefined-variable"), {
      phase: { kind: "invalid", problems },
    });
    const message = "Reconciliation failed terminally due to configuration error: spec.postBuild: not supported yet";
    expect(conditionsIn(status)).toEqual({
      Stalled: ["True", "InvalidSpec", message],
      Ready: ["False", "InvalidSpec", message],
    });
    expect(status["observedGeneration"]).toBe(1);
    expect(events.map(({ type, reason }) => [type, reason])).toEqual([["Warning", "InvalidSpec"]]);
  });

  test("Stalled goes with whatever comes after the spec was put right", () => {
    const problems = [{ path: "spec.path", message: "must stay inside the source" }];
    const stopped = applied(captured("kustomization-dep"), { phase: { kind: "invalid", problems } });
    const after: readonly AppPhase[] = [
      { kind: "synced" },
      { kind: "syncing", step: "apply" },
      { kind: "sync-failed", step: "prune", message: "no", retryAt: null },
      { kind: "source-failed", missing: false, message: "" },
      { kind: "dependency", on: "ks/a/b", message: "dependency 'a/b' is not ready" },
    ];
    for (const phase of after) expect(conditionsIn(written(stopped, { phase }).status)).not.toHaveProperty("Stalled");
  });

  test("a missing source and a source without a revision read differently", () => {
    const object = fresh(captured("kustomization-dep"));
    const missing = written(object, { phase: { kind: "source-failed", missing: true, message: "" } });
    expect(conditionsIn(missing.status)["Ready"]).toEqual([
      "False",
      "ArtifactFailed",
      'gitrepositories.source.toolkit.fluxcd.io "repo" not found',
    ]);
    const waiting = written(object, { phase: { kind: "source-failed", missing: false, message: "" } });
    expect(conditionsIn(waiting.status)["Ready"]).toEqual([
      "False",
      "ArtifactFailed",
      "Source artifact not found, retrying in 30s",
    ]);
    expect(missing.events).toEqual([]);
  });

  test("a health check in progress is told in Ready, Reconciling and Healthy", () => {
    const { status } = written(fresh(captured("kustomization-health-fail")), {
      phase: { kind: "syncing", step: "health" },
      attempted: revision,
    });
    const message = `Running health checks for revision ${revision.text} with a timeout of 30s`;
    expect(conditionsIn(status)).toEqual({
      Reconciling: ["True", "Progressing", message],
      Ready: ["Unknown", "Progressing", "Reconciliation in progress"],
      Healthy: ["Unknown", "Progressing", message],
    });
    expect(status["lastAttemptedRevision"]).toBe(revision.text);
    expect(status["observedGeneration"]).toBe(-1);
  });

  test("retrying what failed and healing what is applied leave the status alone", () => {
    for (const file of ["kustomization-health-fail", "kustomization-missing-crd"]) {
      const object = captured(file);
      const syncing = { phase: { kind: "syncing", step: "apply" }, attempted: revision } as const;
      expect(written(object, syncing)).toEqual({ status: object["status"], patch: null, events: [] });
    }
    const ok = captured("kustomization-ok");
    const healing = { phase: { kind: "syncing", step: "apply" }, attempted: revision } as const;
    expect(written(ok, healing).status).toEqual(ok["status"]);
    const newRevision = { ...revision, text: "main@sha1:1111111111111111111111111111111111111111" };
    const next = written(ok, { phase: { kind: "syncing", step: "apply" }, attempted: newRevision });
    expect(conditionsIn(next.status)["Ready"]?.[0]).toBe("Unknown");
  });

  test("a retry that fails alike moves neither times, nor history, nor events", () => {
    const object = captured("kustomization-health-fail");
    const again = written(object, {
      phase: { kind: "sync-failed", step: "health", message: stalled, retryAt: now },
      sync: finished([result(broken, "unchanged")], { outcome: "failed", message: stalled, retries: 7 }),
      inventory: [{ id: broken, version: "v1" }],
      gate: { state: "failed", tookMs: 9_000, message: stalled },
      renderDigest: "sha256:df8854f5219e3771c0d43638a3270985eff94c89df482416e24ce1968a8d8a59",
    });
    expect(again).toEqual({ status: object["status"], patch: null, events: [] });
  });

  test("a commit that does not touch the app is applied without a sync of its own", () => {
    const object = captured("kustomization-dep");
    const untouched = { ...revision, text: "main@sha1:2222222222222222222222222222222222222222" };
    const { status, events } = written(object, {
      revision: untouched,
      applied: untouched,
      sync: finished([]),
      inventory: [{ id: target("", "ConfigMap", "dep"), version: "v1" }],
      renderDigest: "sha256:237ad570837a41445183d670bf44d2202ad4c2e9c08808fb91f938609d7e6a34",
    });
    expect(conditionsIn(status)["Ready"]).toEqual([
      "True",
      "ReconciliationSucceeded",
      `Applied revision: ${untouched.text}`,
    ]);
    const [ready] = status["conditions"] as readonly { lastTransitionTime: string }[];
    expect(ready?.lastTransitionTime).toBe("2026-11-21T10:16:39Z");
    expect(status["lastAppliedRevision"]).toBe(untouched.text);
    const [latest] = status["history"] as readonly Record<string, unknown>[];
    expect(latest).toMatchObject({ metadata: { revision: untouched.text }, totalReconciliations: 3 });
    expect(events.map(({ reason }) => reason)).toEqual([]);
  });

  test("a render that is refused is told for its own revision, not for the last sync", () => {
    const object = captured("kustomization-dep");
    const refused = { ...revision, text: "main@sha1:3333333333333333333333333333333333333333" };
    const message = "Secret/a/x is SOPS encrypted, configuring decryption is required for this secret to be reconciled";
    const { status } = written(object, {
      phase: { kind: "sync-failed", step: "preflight", message, retryAt: null },
      revision: refused,
      applied: revision,
      attempted: revision,
      sync: finished([result(target("", "ConfigMap", "dep"), "created")]),
      renderDigest: "abc",
    });
    expect(conditionsIn(status)).toEqual({
      Reconciling: [
        "True",
        "ProgressingWithRetry",
        `Detecting drift for revision ${refused.text} with a timeout of 30s`,
      ],
      Ready: ["False", "ReconciliationFailed", `${message}\n`],
    });
    const before = object["status"] as Record<string, unknown>;
    expect(status["history"]).toEqual(before["history"]);
    expect(status["inventory"]).toEqual(before["inventory"]);
    expect(status["lastAttemptedRevision"]).toBe(refused.text);
    expect(status["lastAppliedRevision"]).toBe(revision.text);
  });

  test("history keeps five entries, the newest first, one for each digest and end", () => {
    let object = fresh(captured("kustomization-dep"));
    for (const digest of ["a", "b", "c", "d", "e", "f", "b"]) {
      object = applied(object, { applied: revision, sync: finished([]), renderDigest: digest });
    }
    const history = (object["status"] as { history: readonly Record<string, unknown>[] }).history;
    expect(history.map((entry) => `${entry["digest"]}${entry["totalReconciliations"]}`)).toEqual([
      "holdfast:b2",
      "holdfast:f1",
      "holdfast:e1",
      "holdfast:d1",
      "holdfast:c1",
    ]);
  });

  test("held deletions stand beside Ready with the command that allows them, and go with the notice", () => {
    const object = captured("kustomization-dep");
    const notices = [{ kind: "held", message: "would delete ConfigMap/cap-target/dep" }] as const;
    const held = applied(object, { applied: revision, notices });
    const conditions = conditionsIn(held["status"] as object);
    expect(conditions["Ready"]).toEqual(["True", "ReconciliationSucceeded", `Applied revision: ${revision.text}`]);
    expect(conditions["Held"]).toEqual([
      "True",
      "DeletionHeld",
      "would delete ConfigMap/cap-target/dep; to allow it run: holdfast approve ks/cap-flux/dep",
    ]);
    const after = written(held, { applied: revision });
    expect(Object.keys(conditionsIn(after.status))).toEqual(["Ready"]);
  });

  test("events tell what changed, that health came back and how it ended", () => {
    const golden = goldens[0]!;
    const { events } = written(fresh(captured(golden.file)), {
      ...golden.says,
      sync: finished([
        result(target("", "ConfigMap", "web"), "created"),
        result(target("rbac.authorization.k8s.io", "ClusterRole", "web:reader", ""), "changed"),
        result(target("", "Service", "old"), "deleted"),
      ]),
    });
    const annotations = { "kustomize.toolkit.fluxcd.io/revision": revision.text };
    expect(events).toEqual([
      {
        type: "Normal",
        reason: "Progressing",
        message: "ConfigMap/cap-target/web created\nClusterRole/web:reader configured",
        annotations,
      },
      { type: "Normal", reason: "Progressing", message: "Service/cap-target/old deleted", annotations },
      { type: "Normal", reason: "Progressing", message: "Health check passed in 20ms", annotations },
      {
        type: "Normal",
        reason: "ReconciliationSucceeded",
        message: "Reconciliation finished in 148ms, next run in 1m0s",
        annotations: { "kustomize.toolkit.fluxcd.io/commit_status": "update", ...annotations },
      },
    ]);
  });

  test("a failure is told once, a blocked dependency as no failure", () => {
    const bad = goldens.find(({ file }) => file === "kustomization-bad-yaml")!;
    const object = fresh(captured(bad.file));
    expect(written(object, bad.says).events).toEqual([
      {
        type: "Warning",
        reason: "BuildFailed",
        message: expect.stringContaining("MalformedYAMLError") as string,
        annotations: { "kustomize.toolkit.fluxcd.io/revision": revision.text },
      },
    ]);
    expect(written(applied(object, bad.says), bad.says).events).toEqual([]);
    const blocked = goldens.find(({ file }) => file === "kustomization-dep-blocked")!;
    expect(written(fresh(captured(blocked.file)), blocked.says).events).toMatchObject([
      {
        type: "Normal",
        reason: "DependencyNotReady",
        message: "Dependencies do not meet ready condition, retrying in 30s",
      },
    ]);
  });
});

function written(object: Resource, says: Partial<AppReport>): ObjectWrite {
  const parsed = parseKustomization(object, usualSettings("flux-system"));
  return reportKustomization({ object, app: parsed.ok ? parsed.value : null, report: report(says) });
}

function applied(object: Resource, says: Partial<AppReport>): Resource {
  return { ...object, status: written(object, says).status };
}

/** The object as it was created, with the status that the definition gives it. */
function fresh(object: Resource): Resource {
  return { ...object, status: { observedGeneration: -1 } };
}

/** A status without what depends on when and how often it was written. */
function timeless(status: unknown): unknown {
  const text = JSON.stringify(status, (key, value: unknown) =>
    /^(lastTransitionTime|firstReconciled|lastReconciled|totalReconciliations)$/.test(key) ? "…" : value,
  );
  return JSON.parse(text.replace(/\b[0-9.]+ms\b/g, "…ms"));
}

function conditionsIn(status: object): Readonly<Record<string, readonly string[]>> {
  const { conditions = [] } = status as { conditions?: readonly Record<string, string>[] };
  return Object.fromEntries(
    conditions.map(({ type, status: value, reason, message }) => [type, [value, reason, message] as string[]]),
  );
}
