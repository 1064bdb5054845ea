import { join } from "node:path";
import { withDeadline } from "#async/with-deadline.ts";
import { isServed, pollUntil, waitUntilReady } from "./api-connection.ts";
import type { ApiConnection } from "./api-connection.ts";
import { adminUser, tokenOf } from "./cluster-users.ts";
import type { UserTokens } from "./cluster-users.ts";
import type { ControlPlanePaths } from "./component-flags.ts";
import type { ControlPlane } from "./control-plane.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import type { SupervisedComponent } from "./supervised-component.ts";
import { writeSecret } from "./write-secret.ts";

const restartLimitMs = 60_000;
const podsNeed = "/api/v1/namespaces/default/serviceaccounts/default";

interface Parts {
  readonly name: string;
  readonly server: string;
  readonly paths: ControlPlanePaths;
  readonly users: UserTokens;
  /** In the order of their start, etcd first. */
  readonly components: SupervisedComponent[];
  readonly apiServer: SupervisedComponent;
  readonly api: ApiConnection;
}

/** The programs of one control plane and the ways to reach them. */
export class RunningControlPlane implements ControlPlane {
  readonly name: string;
  readonly dir: string;
  readonly server: string;
  readonly kubeconfigPath: string;
  readonly adminToken: string;
  readonly caPem: string;
  readonly auditLogPath: string;
  readonly components: SupervisedComponent[];
  readonly api: ApiConnection;
  readonly stopped: Promise<void>;
  readonly #users: UserTokens;
  readonly #apiServer: SupervisedComponent;
  readonly #settle = Promise.withResolvers<void>();
  #stopping: Promise<void> | undefined;

  constructor(parts: Parts) {
    this.name = parts.name;
    this.dir = parts.paths.directory;
    this.server = parts.server;
    this.kubeconfigPath = parts.paths.kubeconfig;
    this.adminToken = tokenOf(parts.users, adminUser);
    this.caPem = parts.api.caPem;
    this.auditLogPath = parts.paths.auditLog;
    this.components = parts.components;
    this.api = parts.api;
    this.stopped = this.#settle.promise;
    this.#users = parts.users;
    this.#apiServer = parts.apiServer;
  }

  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.components.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid]])));
  }

  tokenFor(user: string): string {
    return tokenOf(this.#users, user);
  }

  async kubeconfigFor(user: string): Promise<string> {
    const { server, caPem } = this;
    const path =
      user === adminUser ? this.kubeconfigPath : join(this.dir, `${user.replaceAll(/[^\w.-]/g, "-")}.kubeconfig`);
    await writeSecret(
      path,
      kubeconfigText({ cluster: `holdfast-${this.name}`, server, caPem, user, token: this.tokenFor(user) }),
    );
    return path;
  }

  async waitForPods(signal: AbortSignal): Promise<void> {
    const probe = async () => (await isServed(this.api, podsNeed, signal)) || undefined;
    await pollUntil(probe, { check: () => this.#apiServer.assertRunning(), signal });
  }

  async killApiServer(): Promise<void> {
    await this.#apiServer.kill();
  }

  async restartApiServer(signal: AbortSignal): Promise<void> {
    await this.#apiServer.kill();
    await this.#apiServer.start();
    const check = () => this.#apiServer.assertRunning();
    await withDeadline(signal, restartLimitMs, (inside) => waitUntilReady(this.api, { check, signal: inside }));
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stopOnce();
    return this.#stopping;
  }

  async #stopOnce(): Promise<void> {
    await this.api.close();
    await killAll(this.components);
    this.#settle.resolve();
  }
}

/** Ends programs at once: what they leave is thrown away at the next start, so that nothing is worth an orderly end. */
export async function killAll(components: readonly SupervisedComponent[]): Promise<void> {
  await Promise.all(components.map((component) => component.kill()));
}
