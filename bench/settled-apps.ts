import { setTimeout as pause } from "node:timers/promises";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { BenchDialect } from "./bench-dialect.ts";

/** Follows every app's own report by a watch. */
export class SettledApps {
  readonly #dialect: BenchDialect;
  readonly #objects = new Map<string, Resource>();
  readonly #scope = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  private constructor(dialect: BenchDialect) {
    this.#dialect = dialect;
  }

  /** Starts to follow the apps of a dialect. */
  static async follow(client: ConnectedCluster, dialect: BenchDialect, signal: AbortSignal): Promise<SettledApps> {
    const apps = new SettledApps(dialect);
    const lookup = await client.kind(dialect.kind, { signal });
    if (lookup.known !== "yes") throw new Error(`Cannot follow ${dialect.kind.kind}: not served`);
    const handler = {
      upsert: (object: Resource) => void apps.#objects.set(object.metadata.name, object),
      gone: (object: Resource) => void apps.#objects.delete(object.metadata.name),
      synced: () => {},
      failed: () => {},
    };
    apps.#watching = client.watch(lookup.info, {}, handler, apps.#scope.signal);
    return apps;
  }

  /** Resolves when `count` apps report success at a commit. */
  async all(count: number, commit: string, limitMs: number): Promise<void> {
    const deadline = performance.now() + limitMs;
    for (;;) {
      const settled = [...this.#objects.values()].filter((object) => this.#dialect.isSettled(object, commit));
      if (settled.length >= count) return;
      if (performance.now() > deadline) {
        const late = [...this.#objects.values()].find((object) => !this.#dialect.isSettled(object, commit));
        throw new Error(
          `Only ${settled.length} of ${count} apps settled; one that did not: ${JSON.stringify(late?.["status"])}`,
        );
      }
      await pause(20);
    }
  }

  /** Ends the watch. */
  stop(): void {
    this.#scope.abort();
    this.#watching.catch(() => {});
  }
}
