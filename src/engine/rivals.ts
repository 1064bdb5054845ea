import type { Dialect } from "#core/app/dialect.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { aborted, TaskGroup } from "#async/task-group.ts";
import { knownKind } from "./known-kind.ts";
import type { ClusterClient, Clock, Log } from "./ports.ts";

/** How rivals are watched for. */
export interface RivalsOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly dialects: readonly Dialect[];
  /** Namespaces we may read; null: all. */
  readonly namespaces: readonly string[] | null;
  /** Told when a rival came alive or went away. */
  readonly onChange: (dialect: string) => void;
  readonly log: Log;
  readonly random: () => number;
}

const WORKLOADS: readonly GroupKind[] = [
  { group: "apps", kind: "Deployment" },
  { group: "apps", kind: "StatefulSet" },
];
const LEASE: GroupKind = { group: "coordination.k8s.io", kind: "Lease" };
/** A foreign write of a rival's status manager counts as a sign of life for this long. */
const FRESH_WRITE_MS = 2 * 60_000;
/** Leaders renew every few seconds; one that has not for this long is gone. */
const LEASE_MS = 30_000;

/**
 * Knows which vendor's own controller is alive beside us: by its workload having ready replicas, or by fresh writes of
 * its status manager that are not ours. Until the first look is done every rival counts as possibly alive.
 */
export class Rivals {
  readonly #options: RivalsOptions;
  readonly #ready = new Map<string, Set<string>>();
  readonly #aliveUntil = new Map<string, number>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #unread = new Map<string, number>();

  constructor(options: RivalsOptions) {
    this.#options = options;
  }

  /** Watches until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const tasks = new TaskGroup((error) => this.#options.log.error({ error: String(error) }, "rival watch ended"));
    for (const dialect of this.#options.dialects) {
      this.#unread.set(dialect.name, WORKLOADS.length * (this.#options.namespaces?.length ?? 1));
      for (const kind of WORKLOADS) tasks.add(this.#watch(dialect, kind, signal));
      for (const name of dialect.rules.rival.leases) tasks.add(this.#watchLease(dialect, name, signal));
    }
    await aborted(signal);
    await tasks.settled();
  }

  /** The rival of a dialect: its name while it is alive, null when it is not, undefined while nobody has looked. */
  alive(dialect: Dialect): string | null | undefined {
    const { name } = dialect.rules.rival;
    if (this.#options.clock.now() < (this.#aliveUntil.get(dialect.name) ?? 0)) return name;
    if ((this.#ready.get(dialect.name)?.size ?? 0) > 0) return name;
    return (this.#unread.get(dialect.name) ?? 1) > 0 ? undefined : null;
  }

  /** Takes note that the rival's manager wrote to an app object at `at`, milliseconds since the epoch. */
  sawForeignWrite(dialect: Dialect, at: number): void {
    if (this.#options.clock.now() - at < FRESH_WRITE_MS) this.#sawLife(dialect, at, FRESH_WRITE_MS);
  }

  /** Counts the rival as alive for a while; everybody who waits is told when it begins and when it is over. */
  #sawLife(dialect: Dialect, at: number, forMs: number): void {
    const { clock, onChange } = this.#options;
    const before = this.alive(dialect);
    const until = Math.max(this.#aliveUntil.get(dialect.name) ?? 0, at + forMs);
    this.#aliveUntil.set(dialect.name, until);
    if (before === null) onChange(dialect.name);
    const timer = this.#timers.get(dialect.name);
    if (timer) clearTimeout(timer);
    const over = () => onChange(dialect.name);
    this.#timers.set(dialect.name, setTimeout(over, until - clock.now() + 100).unref());
  }

  async #watch(dialect: Dialect, kind: GroupKind, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const lookup = await this.#lookup(kind, signal);
    const scopes = this.#scopes();
    if (lookup.known === "no") return scopes.forEach(() => this.#looked(dialect));
    const { workloadSelector } = dialect.rules.rival;
    const watches = scopes.map((scope) => {
      let synced = false;
      return client.watch(
        lookup.info,
        { ...scope, labelSelector: workloadSelector },
        {
          upsert: (object) => this.#see(dialect, object, true),
          gone: (object) => this.#see(dialect, object, false),
          synced: () => {
            if (!synced) this.#looked(dialect);
            synced = true;
          },
          failed: (error) => this.#warn(kind, error.message),
        },
        signal,
      );
    });
    await Promise.all(watches);
  }

  /** A renewal that we see happen is a sign of life; a lease that merely exists may be a leftover. */
  async #watchLease(dialect: Dialect, name: string, signal: AbortSignal): Promise<void> {
    const { client, clock } = this.#options;
    const lookup = await this.#lookup(LEASE, signal);
    if (lookup.known === "no") return;
    const renewals = new Map<string, string>();
    const upsert = (lease: Resource) => {
      const { renewTime = "" } = (lease["spec"] ?? {}) as { renewTime?: string };
      const before = renewals.get(lease.metadata.uid ?? "");
      renewals.set(lease.metadata.uid ?? "", renewTime);
      if (before !== undefined && before !== renewTime) this.#sawLife(dialect, clock.now(), LEASE_MS);
    };
    const failed = (error: Error) => this.#warn(LEASE, error.message);
    const handler = { upsert, gone: () => {}, synced: () => {}, failed };
    const fieldSelector = `metadata.name=${name}`;
    const watches = this.#scopes().map((scope) =>
      client.watch(lookup.info, { ...scope, fieldSelector }, handler, signal),
    );
    await Promise.all(watches);
  }

  #lookup(kind: GroupKind, signal: AbortSignal): ReturnType<typeof knownKind> {
    const { client, random } = this.#options;
    return knownKind(client, { kind, unknown: (reason) => this.#warn(kind, reason), random }, signal);
  }

  #scopes(): readonly { readonly namespace?: string }[] {
    return this.#options.namespaces?.map((namespace) => ({ namespace })) ?? [{}];
  }

  #warn(kind: GroupKind, reason: string): void {
    this.#options.log.warn({ kind: kind.kind, reason }, "cannot look for rivals now");
  }

  #looked(dialect: Dialect): void {
    const left = (this.#unread.get(dialect.name) ?? 1) - 1;
    this.#unread.set(dialect.name, left);
    if (left === 0) this.#options.onChange(dialect.name);
  }

  #see(dialect: Dialect, object: Resource, exists: boolean): void {
    if (!dialect.rules.rival.workloadNames.includes(object.metadata.name)) return;
    if (labelsOf(object)["app.kubernetes.io/managed-by"] === "holdfast") return;
    const before = this.alive(dialect);
    const ready = this.#ready.get(dialect.name) ?? new Set<string>();
    this.#ready.set(dialect.name, ready);
    const status = object["status"] as { readyReplicas?: number } | undefined;
    const key = `${object.metadata.namespace}/${object.metadata.name}`;
    if (exists && (status?.readyReplicas ?? 0) > 0) ready.add(key);
    else ready.delete(key);
    if (before !== undefined && before !== this.alive(dialect)) this.#options.onChange(dialect.name);
  }
}
