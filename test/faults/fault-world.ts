import { rm } from "node:fs/promises";
import { afterAll, afterEach, beforeAll } from "vitest";
import type { ControlPlane } from "#adapters/cluster/control-plane.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { AuditRecord } from "#engine/ports.ts";
import type { RunOptions } from "#main/run-controller.ts";
import { temporaryDirectory, useControlPlane } from "../support/control-plane.ts";
import { adminClient, installDefinitions, startEngine, type TestEngine } from "../support/engine.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { type GitServer, startGitServer } from "../support/git-server.ts";
import type { Chance } from "./each-seed.ts";
import { type DialectName, FaultApp, type FaultHost } from "./fault-app.ts";
import { type ControllerProcess, startControllerProcess } from "./controller-process.ts";
import { quickWatch } from "./quick-watch.ts";
import { auditedDeletions } from "./audited-deletions.ts";

/** The user that controllers act as, so that the audit log tells their requests apart. */
export const CONTROLLER_USER = "holdfast";

const LEASE = { namespace: "holdfast-system", name: "holdfast-controller" };
const { signal } = new AbortController();

/** A control plane, a Git server and a controller that reaches the API server through a fault proxy. */
export class FaultWorld implements FaultHost {
  readonly plane: ControlPlane;
  readonly git: GitServer;
  readonly client: ConnectedCluster;
  readonly proxy: FaultProxy;
  readonly apps: FaultApp[] = [];
  readonly certified: AuditRecord[] = [];
  /** Events that this test's controllers told people. */
  readonly events: string[] = [];
  #engine: TestEngine | null = null;
  #process: ControllerProcess | null = null;
  #dataDir: string | null = null;
  #number = 0;
  #deletionsBefore = 0;

  constructor(parts: { plane: ControlPlane; git: GitServer; client: ConnectedCluster; proxy: FaultProxy }) {
    this.plane = parts.plane;
    this.git = parts.git;
    this.client = parts.client;
    this.proxy = parts.proxy;
  }

  get engine(): TestEngine {
    if (!this.#engine) throw new Error("No controller runs");
    return this.#engine;
  }

  /** Starts the controller in this process; one that runs is stopped first. */
  async startController(overrides: Partial<RunOptions> = {}): Promise<void> {
    await this.stopController();
    this.#engine = await startEngine(this.proxy.settings, {
      watch: quickWatch,
      audit: { append: (record) => this.certified.push(record) },
      eventSink: () => ({
        push: (_target, _component, notes) => this.events.push(...notes.map((note) => JSON.stringify(note))),
        run: async () => {},
      }),
      ...overrides,
    });
  }

  /** Stops the controller; whether it had ended by itself before does not matter. */
  async stopController(): Promise<void> {
    const engine = this.#engine;
    this.#engine = null;
    await engine?.stop().catch((error: unknown) => {
      if (!(error instanceof Error) || error.name !== "LeaseLostError") throw error;
    });
  }

  /** Starts the controller in a process of its own, which takes the lease over at once. */
  async startProcess(): Promise<ControllerProcess> {
    await this.expireLease();
    this.#dataDir ??= await temporaryDirectory();
    const onRecord = (record: AuditRecord) => this.certified.push(record);
    this.#process = await startControllerProcess({ server: this.proxy.url, dataDir: this.#dataDir, onRecord });
    return this.#process;
  }

  /** Removes what the controllers' processes have kept. */
  async close(): Promise<void> {
    if (this.#dataDir !== null) await rm(this.#dataDir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends the controller's process as `kill -9` does. */
  async killProcess(): Promise<void> {
    await this.#process?.kill();
    this.#process = null;
  }

  /** A controller that lost its lease ends; whoever supervises it starts it again. */
  async revive(): Promise<void> {
    if (!this.#engine?.lines.some((line) => line.message === "lost the leader lease")) return;
    await this.stopController();
    await this.expireLease();
    await this.startController();
  }

  /** Lets the time pass after which a lease that nobody renews may be taken over. */
  async expireLease(): Promise<void> {
    const ref = { apiVersion: "coordination.k8s.io/v1", kind: "Lease", ...LEASE };
    if (!(await this.client.get(ref, { signal }))) return;
    await this.client.patch(ref, { spec: { holderIdentity: "" } }, { type: "merge", manager: "test", signal });
  }

  /** A new app of a dialect that the seed picks, with objects `o0`, `o1`, … in a namespace of its own. */
  app(chance: Chance, options: { objects?: number; dialect?: DialectName } = {}): Promise<FaultApp> {
    const dialect = options.dialect ?? chance.pick(["flux", "argocd"] as const);
    return this.appOf(dialect, { objects: options.objects ?? chance.between(3, 8) });
  }

  /** A new app of a dialect, with fields that its spec has besides the usual ones. */
  async appOf(
    dialect: DialectName,
    { objects, spec = {} }: { objects: number; spec?: Record<string, unknown> },
  ): Promise<FaultApp> {
    const app = new FaultApp(this, { name: `fault-${(this.#number += 1)}`, dialect, objects });
    this.apps.push(app);
    await app.declare(spec);
    return app;
  }

  async deletions(): Promise<readonly string[]> {
    const all = await auditedDeletions(this.plane.auditLogPath, CONTROLLER_USER);
    return all.slice(this.#deletionsBefore);
  }

  /** Between tests: no rule, no controller and no app is left. */
  async rest(): Promise<void> {
    this.proxy.clear();
    for (const key of Object.keys(this.git.behaviour)) delete this.git.behaviour[key as keyof GitServer["behaviour"]];
    await this.stopController();
    await this.killProcess();
    for (const app of this.apps.splice(0)) await app.discard();
    this.certified.length = 0;
    this.events.length = 0;
    this.#deletionsBefore = (await auditedDeletions(this.plane.auditLogPath, CONTROLLER_USER)).length;
  }
}

/** Gives the tests of a file one world to share; pods run with `withNodes`. */
export function useFaultWorld({ withNodes = false }: { readonly withNodes?: boolean } = {}): () => FaultWorld {
  const users = [{ name: CONTROLLER_USER, groups: ["system:masters"] }];
  const plane = useControlPlane({ audit: true, withNodes, users });
  let world: FaultWorld | undefined;

  beforeAll(async () => {
    const client = adminClient(plane());
    await installDefinitions(client, signal);
    const { server, caPem } = plane();
    const proxy = await startFaultProxy({ server, caPem, token: plane().tokenFor(CONTROLLER_USER) });
    world = new FaultWorld({ plane: plane(), git: await startGitServer(), client, proxy });
  });

  afterEach(async () => {
    await world?.rest();
  });

  afterAll(async () => {
    await world?.close();
    await world?.client.close();
    await world?.proxy.close();
    await world?.git.stop();
  });

  return () => {
    if (!world) throw new Error("Cannot use the world before the tests run");
    return world;
  };
}
