import { Gauge, Histogram, type Registry } from "prom-client";
import type { Resource } from "#core/resource/resource.ts";
import { labelsOf } from "#core/resource/resource.ts";
import type { Telemetry } from "#engine/ports.ts";

/** Objects of sets as the cluster has them, and which of their labels are told. */
export interface SetObjects {
  all(): Iterable<Resource>;
  readonly labels: readonly string[];
}

interface Status {
  readonly conditions?: readonly { readonly type?: string; readonly reason?: string }[];
  readonly resources?: readonly unknown[];
  readonly resourcesCount?: number;
}

const KIND = "ApplicationSet";
const PREFIX = "appset/";
const names = ["namespace", "name"];

/** The names that alerts and dashboards of Argo CD look for, over the same ApplicationSets. */
export function argocdSetMetrics(registry: Registry, sets: SetObjects): Pick<Telemetry, "pass" | "phase"> {
  const registers = [registry];
  const passes = new Histogram({
    name: "argocd_appset_reconcile",
    help: "Seconds that one pass over an ApplicationSet took, under the name that Argo CD gives it",
    labelNames: names,
    registers,
  });
  addGauge(registry, sets, {
    name: "argocd_appset_info",
    help: "Whether the Applications of an ApplicationSet are up to date, under the name that Argo CD gives it",
    labels: ["resource_update_status"],
    of: (object) => ({ labels: { resource_update_status: updateStatusOf(object) }, value: 1 }),
  });
  addGauge(registry, sets, {
    name: "argocd_appset_owned_applications",
    help: "Applications that an ApplicationSet has, under the name that Argo CD gives it",
    labels: [],
    of: (object) => ({ labels: {}, value: ownedBy(object) }),
  });
  if (sets.labels.length > 0) {
    addGauge(registry, sets, {
      name: "argocd_appset_labels",
      help: "Chosen labels of an ApplicationSet, under the name that Argo CD gives it",
      labels: sets.labels.map(labelName),
      of: (object) => ({
        labels: Object.fromEntries(sets.labels.map((label) => [labelName(label), labelsOf(object)[label] ?? ""])),
        value: 1,
      }),
    });
  }
  return {
    pass: (key, seconds) => {
      if (key.startsWith(PREFIX)) passes.observe(nameIn(key), seconds);
    },
    phase: (key, phase) => {
      if (phase === null && key.startsWith(PREFIX)) passes.remove(nameIn(key));
    },
  };
}

function addGauge(
  registry: Registry,
  sets: SetObjects,
  gauge: {
    readonly name: string;
    readonly help: string;
    readonly labels: readonly string[];
    readonly of: (object: Resource) => { readonly labels: Readonly<Record<string, string>>; readonly value: number };
  },
): void {
  new Gauge({
    name: gauge.name,
    help: gauge.help,
    labelNames: [...names, ...gauge.labels],
    registers: [registry],
    collect() {
      this.reset();
      for (const object of sets.all()) {
        if (object.kind !== KIND) continue;
        const { labels, value } = gauge.of(object);
        this.set({ namespace: object.metadata.namespace ?? "", name: object.metadata.name, ...labels }, value);
      }
    },
  });
}

// Objects that a dialect refused are counted too, so nothing is known of their shape but by looking.
function statusOf(object: Resource): Status {
  return object["status"] ?? {};
}

function updateStatusOf(object: Resource): string {
  const { conditions = [] } = statusOf(object);
  return conditions.find(({ type }) => type === "ResourcesUpToDate")?.reason ?? "Unknown";
}

function ownedBy(object: Resource): number {
  const { resourcesCount, resources = [] } = statusOf(object);
  return resourcesCount ?? resources.length;
}

function nameIn(key: string): { namespace: string; name: string } {
  const [, namespace = "", name = ""] = key.split("/");
  return { namespace, name };
}

function labelName(label: string): string {
  return `label_${label.replace(/[^a-zA-Z0-9_]/g, "_")}`;
}
