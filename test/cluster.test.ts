import { execFile, spawn } from "node:child_process";
import { readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { Agent, request } from "undici";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isProcessAlive } from "#adapters/cluster/is-process-alive.ts";
import { startControlPlane } from "#adapters/cluster/start-control-plane.ts";
import { goProgramPath } from "#adapters/go-program.ts";
import { temporaryDirectory, useControlPlane } from "#test/support/control-plane.ts";
import { eventually } from "#test/support/eventually.ts";

const run = promisify(execFile);
const never = new AbortController().signal;

interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function output(command: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Output> {
  return await run(command, args, { env: { ...process.env, ...env } }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    (error: { code: number; stdout: string; stderr: string }) => ({
      code: error.code,
      out: error.stdout,
      err: error.stderr,
    }),
  );
}

async function kubectl(kubeconfig: string, ...args: string[]): Promise<string> {
  const { code, out, err } = await output(goProgramPath("controlplane"), ["kubectl", ...args], {
    KUBECONFIG: kubeconfig,
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(" ")} ended with ${code}: ${err}`);
  return out.trim();
}

function podTemplate(behaviour: string | undefined, restartPolicy: string) {
  const annotations = behaviour === undefined ? {} : { "holdfast.dev/test-behaviour": behaviour };
  return {
    metadata: { labels: { app: "example" }, annotations },
    spec: { restartPolicy, containers: [{ name: "main", image: "registry.example/app:1" }] },
  };
}

function deployment(name: string, behaviour?: string): object {
  const selector = { matchLabels: { app: "example" } };
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name },
    spec: { replicas: 1, selector, template: podTemplate(behaviour, "Always") },
  };
}

function job(name: string, behaviour?: string): object {
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name },
    spec: { backoffLimit: 0, template: podTemplate(behaviour, "Never") },
  };
}

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o777).toString(8);
}

describe("a control plane", () => {
  const controlPlane = useControlPlane({
    audit: true,
    users: [
      { name: "holdfast", groups: ["system:masters"] },
      { name: "reader", groups: [] },
    ],
  });

  test("serves Kubernetes 1.36 with a ready node", async () => {
    const { kubeconfigPath } = controlPlane();
    expect(await kubectl(kubeconfigPath, "version")).toContain("Server Version: v1.36.3");
    expect(await kubectl(kubeconfigPath, "get", "nodes", "--no-headers")).toMatch(/^holdfast-node +Ready /);
  });

  test("is reached by Node with nothing but its certificate and token", async () => {
    const { server, caPem, adminToken } = controlPlane();
    const dispatcher = new Agent({ connect: { ca: caPem } });
    const read = (token: string) => {
      const headers = { authorization: `Bearer ${token}` };
      return request(`${server}/api/v1/namespaces`, { dispatcher, headers }).then(async (response) => {
        await response.body.dump();
        return response.statusCode;
      });
    };
    expect(await read(adminToken)).toBe(200);
    expect(await read(controlPlane().tokenFor("reader"))).toBe(403);
    expect(await read("wrong")).toBe(401);
    await dispatcher.close();
  });

  test("runs pods: good ones succeed, others crash or hang as annotated", async () => {
    const { kubeconfigPath, waitForPods } = controlPlane();
    await waitForPods.call(controlPlane(), never);
    const objects = [deployment("good"), deployment("crashes", "crash"), deployment("hangs", "hang"), job("done")];
    const list = { apiVersion: "v1", kind: "List", items: [...objects, job("fails", "crash")] };
    await applyObject(kubeconfigPath, list);
    const get = (kind: string, name: string, path: string) =>
      kubectl(kubeconfigPath, "get", kind, name, `-o=jsonpath=${path}`);
    await eventually(
      "a deployment is available",
      async () => (await get("deploy", "good", "{.status.availableReplicas}")) === "1",
    );
    await eventually("a job completes", async () => (await get("job", "done", "{.status.succeeded}")) === "1");
    await eventually("a job fails", async () => (await get("job", "fails", "{.status.failed}")) === "1");
    const pods = await eventually("all pods started", async () => {
      const found = await kubectl(kubeconfigPath, "get", "pods", "--no-headers");
      return /Pending/.test(found) ? undefined : found;
    });
    expect(pods).toMatch(/^crashes-\S+ +0\/1 +CrashLoopBackOff /m);
    expect(pods).toMatch(/^hangs-\S+ +0\/1 +Running /m);
    expect(pods).toMatch(/^good-\S+ +1\/1 +Running /m);
    await kubectl(kubeconfigPath, "delete", "deployments", "--all", "--cascade=foreground");
    expect(await kubectl(kubeconfigPath, "get", "pods", "-lapp=example", "--no-headers")).not.toMatch(/good|hangs/);
  });

  test("names the user of each request in the audit log", async () => {
    const path = await controlPlane().kubeconfigFor("holdfast");
    await kubectl(path, "create", "configmap", "audited");
    const entry = await eventually("the audit log has the request", async () => {
      const lines = (await readFile(controlPlane().auditLogPath, "utf8")).trim().split("\n");
      return lines.find((line) => line.includes('"name":"audited"') && line.includes('"verb":"create"'));
    });
    expect(JSON.parse(entry)).toMatchObject({ user: { username: "holdfast" }, responseStatus: { code: 201 } });
  });

  test("keeps its secrets to its owner", async () => {
    const { dir } = controlPlane();
    expect(await modeOf(dir)).toBe("700");
    const secret = (await readdir(dir)).filter((name) => /kubeconfig$|\.key$|\.csv$/.test(name));
    expect(secret.length).toBeGreaterThanOrEqual(6);
    expect(new Set(await Promise.all(secret.map((name) => modeOf(join(dir, name)))))).toEqual(new Set(["600"]));
  });

  test("keeps its objects and address when the API server is killed and started again", async () => {
    const { kubeconfigPath, server } = controlPlane();
    await kubectl(kubeconfigPath, "create", "configmap", "survivor");
    await controlPlane().killApiServer();
    await expect(kubectl(kubeconfigPath, "get", "configmap", "survivor")).rejects.toThrow(/refused/);
    await controlPlane().restartApiServer(never);
    expect(await kubectl(kubeconfigPath, "get", "configmap", "survivor", "-oname")).toBe("configmap/survivor");
    expect(controlPlane().server).toBe(server);
  });

  test("starts a program again that ended by itself", async () => {
    const before = controlPlane().pids["kube-scheduler"]!;
    process.kill(before, "SIGKILL");
    await eventually("another scheduler", () => {
      const now = controlPlane().pids["kube-scheduler"];
      return now !== undefined && now !== before;
    });
  });
});

async function applyObject(kubeconfig: string, object: object): Promise<void> {
  const child = spawn(goProgramPath("controlplane"), ["kubectl", "apply", "-f", "-"], {
    env: { ...process.env, KUBECONFIG: kubeconfig },
    stdio: ["pipe", "ignore", "inherit"],
  });
  child.stdin.end(JSON.stringify(object));
  const code = await new Promise((resolve) => child.once("close", resolve));
  expect(code).toBe(0);
}

describe("nothing is left behind", () => {
  let dir: string;
  beforeAll(async () => {
    dir = await temporaryDirectory();
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  for (const signal of ["SIGKILL", "SIGINT"] as const) {
    test(`when the owner ends by ${signal}`, async () => {
      const script = join(import.meta.dirname, "support", "control-plane-owner.ts");
      const owner = spawn(process.execPath, [script, join(dir, signal)], { stdio: ["ignore", "pipe", "inherit"] });
      const [line] = await new Promise<string[]>((resolve, reject) => {
        createInterface(owner.stdout).once("line", (text) => resolve([text]));
        owner.once("exit", (code) => reject(new Error(`The owner ended with ${code}`)));
      });
      const pids = Object.values(JSON.parse(line!) as Record<string, number>);
      expect(pids).toHaveLength(5);
      expect(pids.every(isProcessAlive)).toBe(true);
      owner.kill(signal);
      await eventually("every program is gone", () => !pids.some(isProcessAlive));
    });
  }

  test("when the start is aborted", async () => {
    const scope = new AbortController();
    const starting = startControlPlane({ name: "aborted", dir: join(dir, "aborted"), signal: scope.signal });
    await eventually("the API server writes its log", () =>
      stat(join(dir, "aborted", "logs", "kube-apiserver.log")).then(
        (log) => log.size > 0,
        () => false,
      ),
    );
    scope.abort(new Error("enough"));
    await expect(starting).rejects.toThrow("enough");
    const commands = (await output("ps", ["-eo", "args"])).out;
    expect(commands).not.toContain(join(dir, "aborted"));
  });
});

describe("holdfast cluster", () => {
  let state: string;
  const script = join(import.meta.dirname, "support", "cluster-cli.ts");
  const cluster = (...args: string[]) => output(process.execPath, [script, ...args], { XDG_STATE_HOME: state });
  const ofThisTest = async () =>
    (await output("ps", ["-eo", "pid,args"])).out.split("\n").filter((line) => line.includes(state));

  beforeAll(async () => {
    state = await temporaryDirectory();
  });
  afterAll(async () => {
    await cluster("down", "--all");
    await rm(state, { recursive: true, force: true });
  });

  test("says how to start one when there is none", async () => {
    expect(await cluster("status")).toMatchObject({ code: 0, out: expect.stringContaining("holdfast cluster up") });
    expect(await cluster("kubectl", "get", "nodes")).toMatchObject({
      code: 1,
      err: expect.stringContaining('start it with "holdfast cluster up"'),
    });
  });

  test("runs two side by side until each is taken down", async () => {
    const [first, second] = await Promise.all([
      cluster("up", "--no-nodes"),
      cluster("up", "--name", "second", "--no-nodes"),
    ]);
    expect(first).toMatchObject({ code: 0, out: expect.stringContaining("Cluster default is ready") });
    expect(second).toMatchObject({ code: 0, out: expect.stringContaining("holdfast cluster down --name second") });
    expect(await cluster("up")).toMatchObject({ code: 1, err: expect.stringContaining("runs already") });

    await cluster("kubectl", "create", "namespace", "only-here");
    expect((await cluster("kubectl", "get", "ns", "only-here", "-o", "name")).out).toBe("namespace/only-here\n");
    expect((await cluster("kubectl", "--name", "second", "get", "ns", "only-here")).code).toBe(1);
    const { out } = await cluster("kubeconfig", "--name", "second");
    expect(await kubectl(out.trim(), "get", "ns", "-oname")).toContain("namespace/default");

    expect(await cluster("down")).toMatchObject({ code: 0, out: "Cluster default is stopped\n" });
    const states = JSON.parse((await cluster("status", "-o", "json")).out) as { name: string; running: boolean }[];
    expect(states.map(({ name, running }) => [name, running])).toEqual([
      ["default", false],
      ["second", true],
    ]);
    expect(await readdir(join(state, "holdfast/clusters/default"))).toEqual(["logs"]);

    await cluster("down", "--all");
    expect(await ofThisTest()).toEqual([]);
  });

  test("ends with its background process and says so", async () => {
    expect((await cluster("up", "--name", "third", "--no-nodes")).code).toBe(0);
    const etcd = (await ofThisTest()).find((line) => line.includes("--data-dir="));
    expect(etcd).toBeDefined();
    const daemon = (await output("ps", ["-eo", "pid,args"])).out
      .split("\n")
      .find((line) => line.includes("cluster-daemon.ts third"));
    process.kill(Number.parseInt(daemon!, 10), "SIGKILL");
    await eventually("every program is gone", async () => (await ofThisTest()).length === 0);
    expect((await cluster("status")).out).toMatch(/^third +stopped/m);
    expect(await cluster("down", "--name", "third")).toMatchObject({ code: 0 });
  });
});
