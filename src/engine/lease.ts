import { ApiError } from "#core/cluster/api-error.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { sleep, withDeadline } from "#async/with-deadline.ts";
import type { LedAlone } from "./led-alone.ts";
import type { ClusterClient, Clock, Log } from "./ports.ts";
import { failureText } from "./requests.ts";

/** How leadership is held. */
export interface LeaseOptions {
  readonly client: ClusterClient;
  readonly clock: Clock;
  readonly log: Log;
  readonly namespace: string;
  readonly name: string;
  readonly identity: string;
  readonly random: () => number;
  /** Goes with the lease from leader to leader. */
  readonly alone: LedAlone;
}

const DURATION_MS = 15_000;
const RENEW_EVERY_MS = 5_000;
const RETRY_MS = 2_000;
/** Writes stop this long before another replica could take the lease over. */
const SAFETY_MS = 5_000;
const MANAGER = "holdfast";
const MEMO_ANNOTATION = "holdfast.dev/led-alone-since";

/**
 * Leader election over a Lease. Being leader is a fact about monotonic time: after the last renewal it holds for the
 * lease's duration less a safety margin, whatever happens to timers, so a process that was stopped and continued finds
 * itself fenced before its first write.
 */
export class LeaderLease {
  readonly #options: LeaseOptions;
  #validUntil = Number.NEGATIVE_INFINITY;
  #transitions = 0;
  /** The holder seen last and when, by our own clock: another clock's times are never compared with ours. */
  #seen: { readonly resourceVersion: string; readonly at: number } | null = null;

  constructor(options: LeaseOptions) {
    this.#options = options;
  }

  /** Number of the present leadership: grows with every change of holder. */
  get epoch(): number {
    return this.#transitions;
  }

  /** Whether this process may write now. */
  isHeld(): boolean {
    return this.#options.clock.monotonic() < this.#validUntil;
  }

  /** @throws ApiError when this process may not write. */
  assertHeld(): void {
    if (!this.isHeld())
      throw new ApiError({ code: 0, reason: "NotLeader", message: "Cannot write: the leader lease is not held" });
  }

  /** Waits until this process is leader. */
  async acquire(signal: AbortSignal): Promise<void> {
    let told = false;
    while (!(await this.#try(signal))) {
      if (!told) this.#options.log.info({ lease: this.#options.name }, "waiting to become leader");
      told = true;
      await sleep(RETRY_MS * (0.8 + 0.4 * this.#options.random()), signal);
    }
    this.#options.log.info({ lease: this.#options.name, epoch: this.epoch }, "became leader");
  }

  /** Renews until the lease is lost (resolves) or the signal aborts (the lease is given back, then resolves). */
  async keep(signal: AbortSignal): Promise<void> {
    let renewed = true;
    while (!signal.aborted) {
      try {
        await sleep(renewed ? RENEW_EVERY_MS : RETRY_MS, signal);
      } catch {
        break;
      }
      renewed = await this.#try(signal);
      if (!renewed && !this.isHeld()) {
        this.#options.log.error({ lease: this.#options.name }, "lost the leader lease");
        return;
      }
    }
    await this.#release();
  }

  async #try(signal: AbortSignal): Promise<boolean> {
    const sentAt = this.#options.clock.monotonic();
    try {
      const held = await withDeadline(signal, RENEW_EVERY_MS, (scope) => this.#write(sentAt, scope));
      if (held) this.#validUntil = sentAt + DURATION_MS - SAFETY_MS;
      return held;
    } catch (error) {
      if (signal.aborted) return false;
      this.#options.log.warn({ lease: this.#options.name, error: failureText(error) }, "cannot renew the leader lease");
      return false;
    }
  }

  async #write(now: number, signal: AbortSignal): Promise<boolean> {
    const { client, namespace, name } = this.#options;
    const ref = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name };
    const lease = await client.get(ref, { signal });
    if (!lease) {
      if (!this.#mayCreate(now)) return false;
      this.#transitions = 1;
      await client.create(this.#lease(null), { manager: MANAGER, signal });
      return true;
    }
    const spec = lease["spec"] as LeaseSpec | undefined;
    const mine = spec?.holderIdentity === this.#options.identity;
    if (!mine && !this.#expired(lease, spec, now)) return false;
    this.#transitions = (spec?.leaseTransitions ?? 0) + (mine ? 0 : 1);
    if (!mine) this.#inherit(lease, spec);
    await client.replace(this.#lease(lease), { manager: MANAGER, signal });
    return true;
  }

  #inherit(lease: Resource, spec: LeaseSpec | undefined): void {
    const memo = annotationsOf(lease)[MEMO_ANNOTATION] ?? "";
    const renewedAt = Date.parse(spec?.renewTime ?? "");
    if (!Number.isNaN(renewedAt)) this.#options.alone.inherit({ memo, until: renewedAt + DURATION_MS });
  }

  #expired(lease: Resource, spec: LeaseSpec | undefined, now: number): boolean {
    if (!spec?.holderIdentity) return true;
    const resourceVersion = lease.metadata.resourceVersion ?? "";
    if (this.#seen?.resourceVersion !== resourceVersion) this.#seen = { resourceVersion, at: now };
    return now - this.#seen.at > (spec.leaseDurationSeconds ?? 15) * 1000;
  }

  /** A lease that somebody deleted may have a holder that believes in it until it runs out. */
  #mayCreate(now: number): boolean {
    if (this.isHeld() || !this.#seen) return true;
    if (this.#seen.resourceVersion !== "") this.#seen = { resourceVersion: "", at: now };
    return now - this.#seen.at > DURATION_MS;
  }

  #lease(before: Resource | null): Resource {
    const now = new Date(this.#options.clock.now()).toISOString().replace("Z", "000Z");
    const spec = before?.["spec"] as LeaseSpec | undefined;
    const mine = spec?.holderIdentity === this.#options.identity;
    return {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: {
        ...(before?.metadata ?? { name: this.#options.name, namespace: this.#options.namespace }),
        annotations: { ...before?.metadata.annotations, [MEMO_ANNOTATION]: this.#options.alone.text() },
      },
      spec: {
        holderIdentity: this.#options.identity,
        leaseDurationSeconds: DURATION_MS / 1000,
        acquireTime: mine ? spec.acquireTime : now,
        renewTime: now,
        leaseTransitions: this.#transitions,
      },
    };
  }

  async #release(): Promise<void> {
    if (!this.isHeld()) return;
    this.#validUntil = Number.NEGATIVE_INFINITY;
    const { client, namespace, name, log } = this.#options;
    const ref = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", namespace, name };
    const body = { spec: { holderIdentity: "", leaseDurationSeconds: 1 } };
    try {
      const scope = new AbortController().signal;
      await withDeadline(scope, 2_000, (signal) =>
        client.patch(ref, body, { type: "merge", manager: MANAGER, signal }),
      );
    } catch (error) {
      log.warn({ lease: name, error: failureText(error) }, "cannot give the leader lease back");
    }
  }
}

interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly acquireTime?: string;
  readonly renewTime?: string;
  readonly leaseTransitions?: number;
}
