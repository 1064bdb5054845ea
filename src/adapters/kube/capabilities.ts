import type { ClusterCapabilities } from "#engine/ports.ts";
import type { Discovery } from "./discovery.ts";
import { isRecord, textIn } from "./json-shape.ts";
import type { Requester } from "./requester.ts";
import { SharedTask } from "#async/shared-task.ts";

const READ_LIMIT_MS = 120_000;
/** Others install definitions too, which nobody tells of. */
const FRESH_MS = 30_000;

/** What the cluster can do, as far as charts ask: read anew when it is older than half a minute. */
export class Capabilities {
  readonly #requester: Requester;
  readonly #discovery: Discovery;
  readonly #reading: SharedTask<ClusterCapabilities>;
  #known: { readonly value: ClusterCapabilities; readonly at: number } | undefined;
  #epoch = 0;

  constructor(requester: Requester, discovery: Discovery, lifetime: AbortSignal) {
    this.#requester = requester;
    this.#discovery = discovery;
    this.#reading = new SharedTask(lifetime, READ_LIMIT_MS);
  }

  /** @throws ApiError when the version or the groups cannot be read. */
  async read(signal: AbortSignal): Promise<ClusterCapabilities> {
    if (this.#known && performance.now() - this.#known.at < FRESH_MS) return this.#known.value;
    const epoch = this.#epoch;
    const value = await this.#reading.join((scope) => this.#ask(scope), signal);
    if (epoch === this.#epoch) this.#known = { value, at: performance.now() };
    return value;
  }

  /** Forgets everything: what the cluster serves has changed. */
  invalidate(): void {
    this.#known = undefined;
    this.#epoch += 1;
    this.#reading.forget();
  }

  async #ask(signal: AbortSignal): Promise<ClusterCapabilities> {
    const [version, apiVersions] = await Promise.all([
      this.#requester.sendJson({
        verb: "discover",
        method: "GET",
        path: "/version",
        kind: "",
        subject: "the cluster's version",
        repeatable: true,
        signal,
      }),
      this.#discovery.apiVersions(signal),
    ]);
    const fields = isRecord(version) ? version : {};
    const [major, minor] = [textIn(fields["major"]), textIn(fields["minor"])];
    return { kubeVersion: { version: textIn(fields["gitVersion"]), major, minor }, apiVersions };
  }
}
