import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import type { Resource } from "#core/resource/resource.ts";
import type { Telemetry } from "#engine/ports.ts";

/** App objects as the cluster has them. */
export interface AppObjects {
  all(): Iterable<Resource>;
  /** By key: `app/NAMESPACE/NAME`. */
  get(key: string): Resource | null;
}

const KIND = "Application";
const UNKNOWN = "Unknown";
const infoLabels =
  "namespace name project autosync_enabled repo dest_server dest_namespace sync_status health_status operation";
const buckets = [0.25, 0.5, 1, 2, 4, 8, 16];

/** What a sync came to, in the vendor's words; one that gives way to a newer commit goes on as another. */
const phases: Readonly<Record<string, string>> = { succeeded: "Succeeded", failed: "Failed", terminated: "Failed" };

/** The names that alerts and dashboards of Argo CD look for, over the same Applications. */
export function argocdMetrics(registry: Registry, apps: AppObjects): Pick<Telemetry, "pass" | "sync" | "phase"> {
  const registers = [registry];
  const syncs = new Map<string, Map<string, number>>();
  const passes = new Histogram({
    name: "argocd_app_reconcile",
    help: "Seconds that one pass over an Application took, under the name that Argo CD gives it",
    labelNames: ["namespace", "dest_server"],
    buckets,
    registers,
  });
  new Counter({
    name: "argocd_app_sync_total",
    help: "Syncs of an Application by how they ended, under the name that Argo CD gives it",
    labelNames: ["namespace", "name", "project", "dest_server", "phase"],
    registers,
    collect() {
      this.reset();
      for (const [app, counts] of syncs) {
        const object = apps.get(app);
        if (!object) continue;
        const { project, dest_server } = infoOf(object);
        for (const [phase, count] of counts) this.inc({ ...nameOf(object), project, dest_server, phase }, count);
      }
    },
  });
  addStates(registry, apps);
  return {
    pass: (app, seconds) => {
      const object = apps.get(app);
      if (object?.kind !== KIND) return;
      passes.observe({ namespace: nameOf(object).namespace, dest_server: infoOf(object).dest_server }, seconds);
    },
    sync: (app, outcome) => {
      const phase = phases[outcome];
      if (phase === undefined || apps.get(app)?.kind !== KIND) return;
      const counts = syncs.get(app) ?? new Map<string, number>();
      syncs.set(app, counts.set(phase, (counts.get(phase) ?? 0) + 1));
    },
    phase: (app, phase) => {
      if (phase === null) syncs.delete(app);
    },
  };
}

function addStates(registry: Registry, apps: AppObjects): void {
  new Gauge({
    name: "argocd_app_info",
    help: "Source, destination and state of an Application, under the name that Argo CD gives it",
    labelNames: infoLabels.split(" "),
    registers: [registry],
    collect() {
      this.reset();
      for (const object of apps.all()) {
        if (object.kind === KIND) this.set({ ...nameOf(object), ...infoOf(object) }, 1);
      }
    },
  });
  new Gauge({
    name: "argocd_app_condition",
    help: "Conditions of an Application by type, under the name that Argo CD gives it",
    labelNames: ["namespace", "name", "condition"],
    registers: [registry],
    collect() {
      this.reset();
      for (const object of apps.all()) {
        const { conditions = [] } = statusOf(object);
        if (object.kind !== KIND) continue;
        for (const { type } of conditions) this.inc({ ...nameOf(object), condition: type });
      }
    },
  });
}

interface Spec {
  readonly project?: string;
  readonly source?: { readonly repoURL?: string };
  readonly sources?: readonly { readonly repoURL?: string }[];
  readonly destination?: { readonly server?: string; readonly name?: string; readonly namespace?: string };
  readonly syncPolicy?: { readonly automated?: { readonly enabled?: boolean } | null };
}

interface Status {
  readonly sync?: { readonly status?: string };
  readonly health?: { readonly status?: string };
  readonly conditions?: readonly { readonly type: string }[];
}

// Objects that a dialect refused are counted too, so nothing is known of their shape but by looking.
function specOf(object: Resource): Spec {
  return object["spec"] ?? {};
}

function statusOf(object: Resource): Status {
  return object["status"] ?? {};
}

function nameOf({ metadata }: Resource): { namespace: string; name: string } {
  return { namespace: metadata.namespace ?? "", name: metadata.name };
}

function infoOf(object: Resource) {
  const { project = "", source, sources = [], destination = {}, syncPolicy } = specOf(object);
  const { sync, health } = statusOf(object);
  const { automated } = syncPolicy ?? {};
  const isDeleting = object.metadata.deletionTimestamp !== undefined;
  return {
    project,
    autosync_enabled: String(Boolean(automated) && automated?.enabled !== false),
    repo: withoutCredentials(sources[0]?.repoURL ?? source?.repoURL ?? ""),
    dest_server: destination.server ?? destination.name ?? "",
    dest_namespace: destination.namespace ?? "",
    sync_status: sync?.status || UNKNOWN,
    health_status: health?.status || UNKNOWN,
    operation: isDeleting ? "delete" : object["operation"] ? "sync" : "",
  };
}

function withoutCredentials(url: string): string {
  return url.replace(/^(\w+:\/\/)[^/@]*@/, "$1");
}
