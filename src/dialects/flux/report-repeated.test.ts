import { usualSettings } from "#core/app/settings.ts";
import fc from "fast-check";
import { expect, test } from "vitest";
import type { AppPhase, AppReport, Notice, ObjectResult, ObjectWrite } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import { parseKustomization } from "./parse-kustomization.ts";
import { reportKustomization } from "./report-kustomization.ts";
import { captured, capturedNames } from "./testdata/captured.ts";
import { finished, now, report, result, revision, target } from "./testdata/reports.ts";

const ids = [
  target("apps", "Deployment", "web"),
  target("", "Service", "web"),
  target("rbac.authorization.k8s.io", "ClusterRole", "web:reader", ""),
];

const steps = fc.constantFrom<"preflight" | "apply" | "prune" | "health">("preflight", "apply", "prune", "health");
const text = fc.constantFrom("", "one", "health check failed after 10s: two", "x".repeat(20_001));
const anyPhase: fc.Arbitrary<AppPhase> = fc.oneof(
  fc.constantFrom<AppPhase>(
    { kind: "new" },
    { kind: "suspended" },
    { kind: "out-of-sync" },
    { kind: "synced" },
    { kind: "shadow", rival: "Flux", wouldWrite: 1 },
    { kind: "paused", until: now, reason: "incident" },
    { kind: "invalid", problems: [{ path: "spec.path", message: "is wrong" }] },
  ),
  fc.record({ kind: fc.constant("source-failed" as const), missing: fc.boolean(), message: text }),
  fc.record({ kind: fc.constant("dependency" as const), on: text, message: text }),
  fc.record({
    kind: fc.constant("render-failed" as const),
    code: fc.constantFrom("path" as const, "build" as const),
    message: text,
  }),
  fc.record({ kind: fc.constant("syncing" as const), step: steps }),
  fc.record({ kind: fc.constant("sync-failed" as const), step: steps, message: text, retryAt: fc.constant(now) }),
);
const anyOutcome = fc.constantFrom<ObjectResult["outcome"]>(
  "created",
  "changed",
  "unchanged",
  "deleted",
  "kept",
  "failed",
);
const anyRevision = fc.constantFrom(revision, {
  ...revision,
  text: "main@sha1:3333333333333333333333333333333333333333",
});
const anyReport: fc.Arbitrary<Partial<AppReport>> = fc.record({
  phase: anyPhase,
  revision: fc.option(anyRevision, { nil: null }),
  applied: fc.option(anyRevision, { nil: null }),
  attempted: fc.option(anyRevision, { nil: null }),
  inventory: fc.subarray(ids).map((some) => some.map((id) => ({ id, version: "v1" }))),
  sync: fc.option(
    fc
      .record({ outcomes: fc.array(anyOutcome, { maxLength: 3 }), revision: anyRevision, done: fc.boolean() })
      .map(({ outcomes, revision: of, done }) =>
        finished(
          outcomes.map((outcome, index) => result(ids[index]!, outcome)),
          { revision: of, finishedAt: done ? now : null },
        ),
      ),
    { nil: null },
  ),
  notices: fc.array(fc.record({ kind: fc.constantFrom<Notice["kind"]>("held", "fight", "shared"), message: text }), {
    maxLength: 3,
  }),
  gate: fc.record({
    state: fc.constantFrom<AppReport["gate"]["state"]>("none", "waiting", "passed", "failed"),
    tookMs: fc.nat(100_000),
    message: text,
  }),
  renderDigest: fc.constantFrom("", "sha256:aa"),
  handledToken: fc.option(fc.constantFrom("1", "2"), { nil: null }),
});

test("the same report on its own result changes nothing and tells nothing", () => {
  const objects = capturedNames("kustomization-").flatMap((name) => [
    captured(name),
    { ...captured(name), status: { observedGeneration: -1 } },
  ]);
  fc.assert(
    fc.property(fc.constantFrom(...objects), anyReport, (object, says) => {
      const first: Resource = { ...object, status: written(object, says).status };
      const second = written(first, says);
      expect(second.status).toEqual(first["status"]);
      expect(second.events).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

function written(object: Resource, says: Partial<AppReport>): ObjectWrite {
  const parsed = parseKustomization(object, usualSettings("flux-system"));
  return reportKustomization({ object, app: parsed.ok ? parsed.value : null, report: report(says) });
}
