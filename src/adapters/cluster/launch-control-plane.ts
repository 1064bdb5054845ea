import { generateKeyPairSync } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { goProgramPath } from "#adapters/go-program.ts";
import { withDeadline } from "#async/with-deadline.ts";
import { connectApi, waitUntilReady } from "./api-connection.ts";
import { adminUser, issueTokens, systemUsers, tokenFileText, tokenOf } from "./cluster-users.ts";
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
import { RunningControlPlane, killAll } from "./running-control-plane.ts";
import { simulatedNode } from "./simulated-node.ts";
import { SupervisedComponent } from "./supervised-component.ts";
import { writeSecret } from "./write-secret.ts";

const startLimitMs = 60_000;

/** What to start, with nothing left to a default. */
export interface LaunchOptions {
  readonly name: string;
  readonly dir: string;
  readonly audit: boolean;
  readonly users: readonly ClusterUser[];
  readonly withNodes: boolean;
}

/**
 * Starts the programs in `dir` and resolves when the API server is ready.
 * @throws ComponentError with the end of a program's log, or GoProgramError when the programs are not built.
 */
export async function launchControlPlane(options: LaunchOptions, signal: AbortSignal): Promise<RunningControlPlane> {
  return await withDeadline(signal, startLimitMs, async (inside) => {
    const setup = await prepare(options, inside);
    const components: SupervisedComponent[] = [];
    try {
      const running = await startCore(setup, components, inside);
      await startFollowers(setup, running, inside);
      return running;
    } catch (error) {
      await killAll(components);
      throw error;
    }
  });
}

interface Setup {
  readonly options: LaunchOptions;
  readonly paths: ControlPlanePaths;
  readonly users: UserTokens;
  readonly port: number;
  readonly programs: { readonly controlplane: string; readonly kwok: string };
}

async function prepare(options: LaunchOptions, signal: AbortSignal): Promise<Setup> {
  const programs = { controlplane: goProgramPath("controlplane"), kwok: goProgramPath("kwok") };
  const paths = controlPlanePaths(options.dir);
  const users = issueTokens(options.users);
  await rm(paths.directory, { recursive: true, force: true });
  await mkdir(paths.logs, { recursive: true, mode: 0o700 });
  await writeSecret(paths.tokenFile, tokenFileText(users));
  await writeSecret(paths.serviceAccountKey, serviceAccountKey());
  return { options, paths, users, programs, port: await freePort(signal) };
}

async function startCore(
  setup: Setup,
  components: SupervisedComponent[],
  signal: AbortSignal,
): Promise<RunningControlPlane> {
  const { options, paths, users, port } = setup;
  const etcd = supervised(setup, "etcd", etcdFlags(paths));
  const apiServer = supervised(setup, "kube-apiserver", apiServerFlags(paths, { port, audit: options.audit }));
  components.push(etcd, apiServer);
  await etcd.start();
  await apiServer.start();
  const check = async () => {
    await etcd.assertRunning();
    await apiServer.assertRunning();
  };
  const server = `https://127.0.0.1:${port}`;
  const certificatePath = join(paths.certificates, "apiserver.crt");
  const api = await connectApi({ server, token: tokenOf(users, adminUser), certificatePath }, { check, signal });
  await waitUntilReady(api, { check, signal });
  return new RunningControlPlane({ name: options.name, server, paths, users, components, apiServer, api });
}

/** Starts what only needs the API server; it is of use to others before these are at work. */
async function startFollowers(setup: Setup, running: RunningControlPlane, signal: AbortSignal): Promise<void> {
  const add = async (name: string, args: readonly string[]) => {
    const component = supervised(setup, name, args);
    running.components.push(component);
    await component.start();
  };
  const { controllerManager, scheduler, kwok } = systemUsers;
  await running.kubeconfigFor(adminUser);
  await add(
    "kube-controller-manager",
    controllerManagerFlags(setup.paths, await running.kubeconfigFor(controllerManager)),
  );
  if (!setup.options.withNodes) return;
  const created = await running.api.send("POST", "/api/v1/nodes", { body: simulatedNode(new Date()), signal });
  if (created.status !== 201) throw new Error(`Cannot add the node: status ${created.status}: ${created.text}`);
  await add("kube-scheduler", schedulerFlags(await running.kubeconfigFor(scheduler)));
  await add("kwok", kwokFlags(await running.kubeconfigFor(kwok)));
}

function supervised(setup: Setup, name: string, args: readonly string[]): SupervisedComponent {
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

function serviceAccountKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return privateKey.export({ type: "sec1", format: "pem" }).toString();
}
