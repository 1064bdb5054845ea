import { generateKeyPairSync } from "node:crypto";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { goProgramPath } from "#adapters/go-program.ts";
import { withDeadline } from "#async/with-deadline.ts";
import { connectWhenReady, pollUntil } from "./api-connection.ts";
import type { ApiConnection } from "./api-connection.ts";
import { clusterDirectory, defaultClusterName } from "./cluster-directory.ts";
import { adminUser, issueTokens, systemUsers, tokenFileText } from "./cluster-users.ts";
import type { ClusterUser, UserTokens } from "./cluster-users.ts";
import {
  apiServerFlags,
  controllerManagerFlags,
  controlPlanePaths,
  etcdFlags,
  kwokFlags,
  schedulerFlags,
} from "./component-flags.ts";
import type { ControlPlanePaths } from "./component-flags.ts";
import { freePort } from "./free-port.ts";
import { kubeconfigText } from "./kubeconfig.ts";
import { simulatedNode } from "./simulated-node.ts";
import { SupervisedComponent } from "./supervised-component.ts";

/** How to start a control plane. */
export interface ControlPlaneOptions {
  /** Name of its cluster and context in the kubeconfig, "default" unless given. */
  readonly name?: string;
  /** Folder for its state, secrets and logs, that of its name unless given; emptied first and left afterwards. */
  readonly dir?: string;
  /** Writes one line per request to `auditLogPath`. */
  readonly audit?: boolean;
  /** Users beside the administrator, so that an audit log tells their requests apart. */
  readonly users?: readonly ClusterUser[];
  /** Without nodes nothing schedules or runs pods, which saves time and memory. */
  readonly withNodes?: boolean;
  /** Aborting it while the control plane starts stops everything again; later it has no effect. */
  readonly signal: AbortSignal;
}

/** A running control plane; it ends with this process at the latest. */
export interface ControlPlane {
  readonly name: string;
  readonly dir: string;
  readonly server: string;
  /** Acts as the administrator. */
  readonly kubeconfigPath: string;
  readonly adminToken: string;
  readonly caPem: string;
  readonly auditLogPath: string;
  /** Process ids by program name, at this moment. */
  readonly pids: Readonly<Record<string, number>>;
  tokenFor(user: string): string;
  /** Writes a kubeconfig that acts as `user` and returns its path. */
  kubeconfigFor(user: string): Promise<string>;
  /** Resolves when pods can be created in the default namespace and the node takes them. */
  waitForPods(signal: AbortSignal): Promise<void>;
  /** Kills the API server as a crash would; it stays down until `restartApiServer`. */
  killApiServer(): Promise<void>;
  /** Kills the API server and resolves when it serves again at the same address. */
  restartApiServer(signal: AbortSignal): Promise<void>;
  /** Ends every program and resolves when they are gone; calling it again does nothing. */
  stop(): Promise<void>;
}

const startLimitMs = 60_000;
const graceMs = 2_000;

/**
 * Starts etcd, the API server, the controllers and, unless told otherwise, a node that runs pods.
 * Resolves when the API server is ready; the rest follows within about two seconds.
 * @throws ComponentError with the end of a program's log, or GoProgramError when the programs are not built.
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  return await withDeadline(options.signal, startLimitMs, async (signal) => {
    const setup = await prepare(options, signal);
    const started: SupervisedComponent[] = [];
    try {
      return await launch(setup, started, signal);
    } catch (error) {
      await stopAll(started);
      throw error;
    }
  });
}

interface Setup {
  readonly name: string;
  readonly options: ControlPlaneOptions;
  readonly paths: ControlPlanePaths;
  readonly users: UserTokens;
  readonly port: number;
  readonly programs: { readonly controlplane: string; readonly kwok: string };
}

async function prepare(options: ControlPlaneOptions, signal: AbortSignal): Promise<Setup> {
  const programs = { controlplane: goProgramPath("controlplane"), kwok: goProgramPath("kwok") };
  const name = options.name ?? defaultClusterName;
  const paths = controlPlanePaths(options.dir ?? clusterDirectory(name));
  const users = issueTokens(options.users ?? []);
  await rm(paths.directory, { recursive: true, force: true });
  await mkdir(paths.logs, { recursive: true, mode: 0o700 });
  await writeSecret(paths.tokenFile, tokenFileText(users));
  await writeSecret(paths.serviceAccountKey, serviceAccountKey());
  return { name, options, paths, users, programs, port: await freePort(signal) };
}

async function launch(setup: Setup, started: SupervisedComponent[], signal: AbortSignal): Promise<ControlPlane> {
  const { options, paths, users } = setup;
  const server = `https://127.0.0.1:${setup.port}`;
  const start = async (name: string, args: readonly string[]) => {
    const component = supervisedComponent(setup, name, args);
    started.push(component);
    await component.start();
    return component;
  };
  const etcd = await start("etcd", etcdFlags(paths));
  const apiServer = await start(
    "kube-apiserver",
    apiServerFlags(paths, { port: setup.port, audit: options.audit ?? false }),
  );
  const check = async () => {
    await etcd.assertRunning();
    await apiServer.assertRunning();
  };
  const adminToken = tokenOf(users, adminUser);
  const certificatePath = join(paths.certificates, "apiserver.crt");
  const connect = (inside: AbortSignal) =>
    connectWhenReady({ server, token: adminToken, certificatePath }, check, inside);
  const api = await connect(signal);

  const writeKubeconfig = async (user: string, path: string) => {
    const input = { cluster: `holdfast-${setup.name}`, server, caPem: api.caPem, user, token: tokenOf(users, user) };
    await writeSecret(path, kubeconfigText(input));
    return path;
  };
  const kubeconfigFor = (user: string) =>
    writeKubeconfig(user, join(paths.directory, `${user.replaceAll(/[^\w.-]/g, "-")}.kubeconfig`));

  await writeKubeconfig(adminUser, paths.kubeconfig);
  await start(
    "kube-controller-manager",
    controllerManagerFlags(paths, await kubeconfigFor(systemUsers.controllerManager)),
  );
  if (options.withNodes ?? true) {
    await addNode(api, signal);
    await start("kube-scheduler", schedulerFlags(await kubeconfigFor(systemUsers.scheduler)));
    await start("kwok", kwokFlags(await kubeconfigFor(systemUsers.kwok)));
  }

  return {
    name: setup.name,
    dir: paths.directory,
    server,
    kubeconfigPath: paths.kubeconfig,
    adminToken,
    caPem: api.caPem,
    auditLogPath: paths.auditLog,
    get pids() {
      return Object.fromEntries(started.flatMap(({ name, pid }) => (pid === undefined ? [] : [[name, pid]])));
    },
    tokenFor: (user) => tokenOf(users, user),
    kubeconfigFor,
    waitForPods: (inside) => waitForPods(api, { check, signal: inside }),
    killApiServer: () => apiServer.kill(),
    restartApiServer: async (inside) => {
      await apiServer.kill();
      await apiServer.start();
      const ready = await withDeadline(inside, startLimitMs, connect);
      await ready.close();
    },
    stop: async () => {
      await api.close();
      await stopAll(started);
    },
  };
}

function supervisedComponent(setup: Setup, name: string, args: readonly string[]): SupervisedComponent {
  const { directory, logs } = setup.paths;
  return new SupervisedComponent({
    name,
    program: name === "kwok" ? setup.programs.kwok : setup.programs.controlplane,
    args,
    directory,
    logPath: join(logs, `${name}.log`),
    // KWOK also reads settings from its work folder, by default one in the person's home.
    environment: { KWOK_WORKDIR: directory },
  });
}

/** Stops etcd last: an API server that has lost it ignores every request to end for a minute. */
async function stopAll(components: readonly SupervisedComponent[]): Promise<void> {
  const [etcd, ...others] = components;
  await Promise.all(others.map((component) => component.stop(graceMs)));
  await etcd?.stop(graceMs);
}

async function addNode(api: ApiConnection, signal: AbortSignal): Promise<void> {
  const created = await api.send("POST", "/api/v1/nodes", { body: simulatedNode(new Date()), signal });
  if (created.status !== 201) throw new Error(`Cannot add the node: status ${created.status}: ${created.text}`);
}

async function waitForPods(
  api: ApiConnection,
  options: { check: () => Promise<void>; signal: AbortSignal },
): Promise<void> {
  const account = "/api/v1/namespaces/default/serviceaccounts/default";
  const probe = async () => ((await api.send("GET", account, options)).status === 200 ? true : undefined);
  await pollUntil(probe, options);
}

function tokenOf(users: UserTokens, user: string): string {
  const found = users.get(user);
  if (found !== undefined) return found.token;
  throw new Error(`Cannot act as "${user}": the control plane knows ${[...users.keys()].join(", ")}`);
}

function serviceAccountKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "sec1", format: "pem" }).toString();
}

async function writeSecret(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
}
