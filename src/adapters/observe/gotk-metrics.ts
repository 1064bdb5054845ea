import { Gauge, Histogram, type Registry } from "prom-client";
import type { Telemetry } from "#engine/ports.ts";

/** Kinds that the vendor's own controllers count, by how apps of theirs are addressed. */
const kinds: Readonly<Record<string, string>> = { ks: "Kustomization", hr: "HelmRelease" };

/** What a phase means for the vendor's `Ready`. */
const readiness: Readonly<Record<string, "True" | "False">> = {
  synced: "True",
  "out-of-sync": "True",
  invalid: "False",
  "source-failed": "False",
  "render-failed": "False",
  dependency: "False",
  "sync-failed": "False",
};

const statuses = ["True", "False", "Unknown"] as const;
const buckets = [0.01, 0.1, 1, 10, 60, 300, 1_800];

/** The names that alerts and dashboards of Flux look for, over the same apps. */
export function gotkMetrics(registry: Registry): Pick<Telemetry, "pass" | "phase"> {
  const phaseOf = new Map<string, string>();
  const durations = new Histogram({
    name: "gotk_reconcile_duration_seconds",
    help: "Seconds that one pass over an app took, under the name that Flux gives it",
    labelNames: ["kind", "name", "namespace"],
    buckets,
    registers: [registry],
  });
  new Gauge({
    name: "gotk_reconcile_condition",
    help: "Whether the Ready condition of an app has a status, under the name that Flux gives it",
    labelNames: ["kind", "name", "namespace", "type", "status"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [app, phase] of phaseOf) {
        const ready = readiness[phase] ?? "Unknown";
        for (const status of statuses) {
          this.set({ ...labelsOf(app), type: "Ready", status }, status === ready ? 1 : 0);
        }
      }
    },
  });
  new Gauge({
    name: "gotk_suspend_status",
    help: "Whether an app is suspended, under the name that Flux gives it",
    labelNames: ["kind", "name", "namespace"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [app, phase] of phaseOf) this.set(labelsOf(app), phase === "suspended" ? 1 : 0);
    },
  });
  return {
    pass: (app, seconds) => {
      if (phaseOf.has(app)) durations.observe(labelsOf(app), seconds);
    },
    phase: (app, phase) => {
      if (phase === null) {
        phaseOf.delete(app);
        durations.remove(labelsOf(app));
      } else if (kinds[shortOf(app)] !== undefined) phaseOf.set(app, phase);
    },
  };
}

function shortOf(app: string): string {
  return app.slice(0, app.indexOf("/"));
}

function labelsOf(app: string): { kind: string; name: string; namespace: string } {
  const [short = "", namespace = "", name = ""] = app.split("/");
  return { kind: kinds[short] ?? "", name, namespace };
}
