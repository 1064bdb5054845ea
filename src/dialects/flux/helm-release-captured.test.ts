import { describe, expect, test } from "vitest";
import type { AppReport } from "#core/app/app-report.ts";
import { noReleaseMemory } from "#core/release/release-memory.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import { fluxHelmDialect } from "./flux-helm-dialect.ts";
import { captured } from "./testdata/captured.ts";
import { fresh, memoryOf, outcome, released, written } from "./testdata/helm-reports.ts";
import { target } from "./testdata/reports.ts";

const timedOut = "timeout waiting for: [Deployment/cap-target/fails status: 'InProgress']";
const limited = "client rate limiter Wait returned an error: rate: Wait(n=1) would exceed context deadline";

/** The objects of the captured chart, in another order than they are told in. */
function objectsOf(name: string): AppReport["inventory"] {
  return [
    target("apps", "Deployment", name),
    target("", "Service", name),
    target("", "ConfigMap", `${name}-cfg`),
    target("", "ServiceAccount", name),
  ].map((id) => ({ id, version: "v1" }));
}

const rel = memoryOf("helmrelease-rel");
const fails = memoryOf("helmrelease-fails");
const good = memoryOf("helmrelease-good-upgraded");

/** What each captured status says, as the engine reports it. */
const goldens: readonly { readonly file: string; readonly says: Partial<AppReport> }[] = [
  {
    file: "helmrelease-good-upgraded",
    says: {
      phase: { kind: "synced" },
      inventory: objectsOf("cap-target-good"),
      release: released(good, {
        released: outcome(good, { action: "upgrade" }),
        drift: { found: false, message: "nothing differs" },
      }),
    },
  },
  {
    file: "helmrelease-fails",
    says: {
      phase: { kind: "sync-failed", step: "health", message: timedOut, retryAt: null },
      inventory: objectsOf("fails"),
      release: released(fails, {
        released: outcome(fails, { ok: false, action: "install", message: timedOut }),
        stalled: "Failed to install after 2 attempt(s)",
      }),
    },
  },
  {
    file: "helmrelease-rel",
    says: {
      phase: { kind: "sync-failed", step: "health", message: limited, retryAt: null },
      inventory: objectsOf("rel"),
      release: released(rel, {
        released: outcome(rel, { action: "install" }),
        tested: outcome(rel, { ok: false, action: "test", message: limited }),
        stalled: "Failed to install after 1 attempt(s)",
      }),
    },
  },
  {
    file: "helmrelease-no-chart",
    says: {
      phase: {
        kind: "source-failed",
        missing: false,
        message: "invalid chart reference: stat <tmp>: no such file or directory",
      },
      release: released(noReleaseMemory),
    },
  },
];

describe("reportHelmRelease() writes what Flux wrote", () => {
  for (const { file, says } of goldens) {
    test(file, () => {
      const object = captured(file);
      const { status } = written(fresh(object), says);
      expect(timeless(status)).toEqual(timeless(object["status"]));
    });

    test(`${file}, of which it changes nothing`, () => {
      const object = captured(file);
      expect(written(object, says)).toEqual({ status: object["status"], patch: null, events: [] });
    });

    test(`${file}, and reads it back`, () => {
      const { memory } = says.release as ReleaseReport;
      const object = fresh(captured(file));
      const again = { ...object, status: written(object, says).status };
      expect(fluxHelmDialect.restore(again).release).toEqual(memory);
      expect(fluxHelmDialect.restore(captured(file)).inventory).toHaveLength(says.inventory?.length ?? 0);
    });
  }
});

/** A status without what depends on when it was written. */
function timeless(status: unknown): unknown {
  return JSON.parse(
    JSON.stringify(status, (key, value: unknown) =>
      key === "lastTransitionTime" || key === "lastAttemptedReleaseActionDuration" ? "…" : value,
    ),
  );
}
