import { Counter, Gauge, Histogram, Registry } from "prom-client";
import type { Telemetry } from "#engine/ports.ts";
import type { EventOutcome } from "./event-sink.ts";
import { argocdMetrics, type AppObjects } from "./argocd-metrics.ts";
import { argocdSetMetrics, type SetObjects } from "./argocd-set-metrics.ts";
import { gotkMetrics } from "./gotk-metrics.ts";
import { addReadMetric } from "./read-metric.ts";
import { watchProcess } from "./process-metrics.ts";

/** One finished request to the API server; code 0: no answer came. */
export interface ApiRequest {
  readonly verb: string;
  readonly kind: string;
  readonly code: number;
  readonly ms: number;
}

/** Everything that is counted, in Prometheus' words. */
export interface Metrics extends Telemetry {
  /** Takes each finished request to the API server. */
  readonly request: (record: ApiRequest) => void;
  /** Takes what became of an event for people. */
  readonly event: (outcome: EventOutcome) => void;
  /** Makes a number that somebody else keeps visible as `holdfast_<name>`; one that only grows must end in `_total`. */
  expose(name: string, help: string, read: () => number): void;
  /** The text that a scrape gets. */
  text(): Promise<string>;
  /** Ends what measures in the background. */
  close(): void;
}

const stepBuckets = [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10, 60];
const requestBuckets = [0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 30];

/** New metrics in a registry of their own; `apps` are those that the metrics tell of by their objects. */
export function createMetrics(apps: AppObjects, sets: SetObjects): Metrics {
  const registry = new Registry();
  const closeProcess = watchProcess(registry);
  return {
    ...engineMetrics(registry, apps, sets),
    ...clusterMetrics(registry),
    expose: (name, help, read) => {
      addReadMetric(registry, { name: `holdfast_${name}`, help, read });
    },
    text: () => registry.metrics(),
    close: closeProcess,
  };
}

function engineMetrics(registry: Registry, apps: AppObjects, sets: SetObjects): Telemetry {
  const registers = [registry];
  const steps = new Histogram({
    name: "holdfast_reconcile_step_seconds",
    help: "Seconds that one step of a reconcile took",
    labelNames: ["step"],
    buckets: stepBuckets,
    registers,
  });
  const renders = new Counter({
    name: "holdfast_renders_total",
    help: "Renders by whether the result was remembered (cache=hit) or made (cache=miss)",
    labelNames: ["cache"],
    registers,
  });
  const drift = new Counter({
    name: "holdfast_drift_total",
    help: "Times that objects of an app were found changed by somebody else and healed",
    labelNames: ["app"],
    registers,
  });
  const queue = new Gauge({ name: "holdfast_queue_depth", help: "Apps that wait for a worker", registers });
  const phases = countPhases(registry);
  const gotk = gotkMetrics(registry);
  const argocd = argocdMetrics(registry, apps);
  const ofSets = argocdSetMetrics(registry, sets);
  return {
    step: (step, seconds) => steps.observe({ step }, seconds),
    render: (hit) => renders.inc({ cache: hit ? "hit" : "miss" }),
    drift: (app) => drift.inc({ app }),
    queue: (depth) => queue.set(depth),
    pass: (app, seconds) => {
      gotk.pass(app, seconds);
      argocd.pass(app, seconds);
      ofSets.pass(app, seconds);
    },
    sync: argocd.sync,
    phase: (app, phase) => {
      phases(app, phase);
      gotk.phase(app, phase);
      argocd.phase(app, phase);
      ofSets.phase(app, phase);
      if (phase === null) drift.remove({ app });
    },
  };
}

function countPhases(registry: Registry): Telemetry["phase"] {
  const phaseOf = new Map<string, string>();
  new Gauge({
    name: "holdfast_apps",
    help: "Apps by kind and phase",
    labelNames: ["kind", "phase"],
    registers: [registry],
    collect() {
      this.reset();
      for (const [app, phase] of phaseOf) this.inc({ kind: app.slice(0, app.indexOf("/")), phase });
    },
  });
  return (app, phase) => {
    if (phase === null) phaseOf.delete(app);
    else phaseOf.set(app, phase);
  };
}

function clusterMetrics(registry: Registry): Pick<Metrics, "request" | "event"> {
  const registers = [registry];
  const requests = new Counter({
    name: "holdfast_api_requests_total",
    help: "Requests to the API server; code 0: no answer came",
    labelNames: ["verb", "kind", "code"],
    registers,
  });
  const durations = new Histogram({
    name: "holdfast_api_request_seconds",
    help: "Seconds that requests to the API server took, without watches",
    labelNames: ["verb"],
    buckets: requestBuckets,
    registers,
  });
  const events = new Counter({
    name: "holdfast_events_total",
    help: "Kubernetes Events by what became of them",
    labelNames: ["outcome"],
    registers,
  });
  return {
    request: ({ verb, kind, code, ms }) => {
      requests.inc({ verb, kind, code: String(code) });
      if (verb !== "watch") durations.observe({ verb }, ms / 1000);
    },
    event: (outcome) => events.inc({ outcome }),
  };
}
