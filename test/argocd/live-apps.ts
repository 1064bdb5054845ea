import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { Resource } from "#core/resource/resource.ts";

/** What is awaited of one Application; `object` is undefined while there is none. */
interface Waiter {
  readonly name: string;
  readonly settle: (object: Resource | undefined) => boolean;
}

/** Every Application as a watch shows it, and promises that an event keeps. */
export class LiveApps {
  readonly #objects = new Map<string, Resource>();
  readonly #waiters = new Set<Waiter>();
  readonly #scope = new AbortController();
  #watching: Promise<void> = Promise.resolve();

  /** Begins to watch; resolves when all that exists was told. */
  static async follow(client: ConnectedCluster): Promise<LiveApps> {
    const apps = new LiveApps();
    const { signal } = apps.#scope;
    const lookup = await client.kind({ group: "argoproj.io", kind: "Application" }, { signal });
    if (lookup.known !== "yes") throw new Error("Cannot follow Applications: the kind is not served");
    await new Promise<void>((resolve) => {
      const handler = {
        upsert: (object: Resource) => apps.#take(object.metadata.name, object),
        gone: (object: Resource) => apps.#take(object.metadata.name, undefined),
        synced: resolve,
        failed: () => {},
      };
      apps.#watching = client.watch(lookup.info, { namespace: "argocd" }, handler, signal);
    });
    return apps;
  }

  /** The newest state of one. */
  get(name: string): Resource | undefined {
    return this.#objects.get(name);
  }

  /** Resolves with the Application once it satisfies `holds`. */
  async until(
    name: string,
    wait: { what: string; holds: (object: Resource) => boolean; limitMs: number },
  ): Promise<Resource> {
    const found = await this.#await(name, wait.what, {
      limitMs: wait.limitMs,
      accepts: (object) => object !== undefined && wait.holds(object),
    });
    return found as Resource;
  }

  /** Resolves when there is no such Application. */
  async gone(name: string, limitMs: number): Promise<void> {
    await this.#await(name, "it is gone", { limitMs, accepts: (object) => object === undefined });
  }

  /** Ends the watch. */
  async stop(): Promise<void> {
    this.#scope.abort(new Error("The tests are over"));
    await this.#watching;
  }

  #take(name: string, object: Resource | undefined): void {
    if (object) this.#objects.set(name, object);
    else this.#objects.delete(name);
    for (const waiter of this.#waiters) {
      if (waiter.name === name && waiter.settle(object)) this.#waiters.delete(waiter);
    }
  }

  #await(
    name: string,
    what: string,
    wait: { limitMs: number; accepts: (object: Resource | undefined) => boolean },
  ): Promise<Resource | undefined> {
    return new Promise((resolve, reject) => {
      if (wait.accepts(this.#objects.get(name))) return resolve(this.#objects.get(name));
      const timer = setTimeout(() => {
        this.#waiters.delete(waiter);
        const found = this.#objects.get(name);
        const now = JSON.stringify({ status: found?.["status"], operation: found?.["operation"] });
        reject(new Error(`${name}: ${what}: not within ${wait.limitMs} ms; it is ${now.slice(0, 4_000)}`));
      }, wait.limitMs);
      const settle = (object: Resource | undefined) => {
        if (!wait.accepts(object)) return false;
        clearTimeout(timer);
        resolve(object);
        return true;
      };
      const waiter = { name, settle };
      this.#waiters.add(waiter);
    });
  }
}
