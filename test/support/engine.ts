import { usualSettings } from "#core/app/settings.ts";
import { readdir, readFile } from "node:fs/promises";
import { load } from "js-yaml";
import type { ControlPlane } from "#adapters/cluster/control-plane.ts";
import { connectCluster, type ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import type { ClusterSettings } from "#adapters/kube/connection.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Controller } from "#engine/controller.ts";
import { quietTelemetry } from "#engine/testing/quiet.ts";
import type { AuditRecord } from "#engine/ports.ts";
import { runController, type RunOptions } from "#main/run-controller.ts";
import { temporaryDirectory } from "./control-plane.ts";
import { eventually } from "./eventually.ts";

const crdDirectory = new URL("../../deploy/crds/", import.meta.url);

/** Connection settings for one of the control plane's users. */
export function settingsOf(plane: ControlPlane, user = "admin"): ClusterSettings {
  return { server: plane.server, ca: plane.caPem, credential: { kind: "token", token: plane.tokenFor(user) } };
}

/** A client of the control plane's administrator. */
export function adminClient(plane: ControlPlane): ConnectedCluster {
  return connectCluster(settingsOf(plane));
}

/** Applies the project's own CustomResourceDefinitions and waits until they are served. */
export async function installDefinitions(client: ConnectedCluster, signal: AbortSignal): Promise<void> {
  await Promise.all((await readdir(crdDirectory)).map((file) => installDefinition(client, file, signal)));
  for (const name of ["holdfast-system", "flux-system", "argocd"]) {
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name } }, { manager: "test", signal });
  }
}

async function installDefinition(client: ConnectedCluster, file: string, signal: AbortSignal): Promise<void> {
  const object = load(await readFile(new URL(file, crdDirectory), "utf8")) as Resource;
  await client.apply(object, { manager: "test", signal });
  const { group, names } = object["spec"] as { group: string; names: { kind: string } };
  await eventually(`${names.kind} is served`, async () => {
    client.invalidateDiscovery();
    return (await client.kind({ group, kind: names.kind }, { signal })).known === "yes";
  });
}

/** A controller that runs in this process. */
export interface TestEngine {
  readonly controller: Controller;
  readonly audit: readonly AuditRecord[];
  readonly lines: readonly { readonly level: string; readonly message: string; readonly fields: object }[];
  /** Renders that were not remembered. */
  renders(): number;
  stop(): Promise<void>;
}

/** Starts a controller against a control plane. */
export async function startEngine(settings: ClusterSettings, overrides: Partial<RunOptions> = {}): Promise<TestEngine> {
  const scope = new AbortController();
  const audit: AuditRecord[] = [];
  const lines: { level: string; message: string; fields: object }[] = [];
  const say = (level: string) => (fields: object, message: string) => {
    lines.push({ level, message, fields });
    if (process.env["HOLDFAST_TEST_LOG"])
      process.stderr.write(`${new Date().toISOString().slice(14)} ${level} ${message} ${JSON.stringify(fields)}\n`);
  };
  let renders = 0;
  let started: (controller: Controller) => void;
  const controller = new Promise<Controller>((resolve) => (started = resolve));
  const running = runController(
    {
      settings,
      dataDir: await temporaryDirectory(),
      namespace: "holdfast-system",
      namespaces: null,
      vendorSettings: usualSettings("argocd"),
      audit: { append: (record) => audit.push(record) },
      telemetry: { ...quietTelemetry, render: (hit) => void (hit || renders++) },
      log: { info: say("info"), warn: say("warn"), error: say("error") },
      eventSink: () => ({ push: () => {}, run: async () => {} }),
      onStart: (one) => started(one),
      ...overrides,
    },
    scope.signal,
  );
  const failed = running.then(
    () => Promise.reject(new Error("The controller ended before it was ready")),
    (error: unknown) => Promise.reject(error),
  );
  failed.catch(() => {});
  const ready = await Promise.race([controller, failed]);
  await eventually("the controller is ready", () => Promise.resolve(ready.ready));
  return {
    controller: ready,
    audit,
    lines,
    renders: () => renders,
    stop: async () => {
      scope.abort(new Error("stopped by the test"));
      await running;
    },
  };
}
