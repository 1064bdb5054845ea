import { join } from "node:path";
import type { Address, ControllerActions, ControllerArguments } from "#cli/controller.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import { createEventSink } from "#adapters/observe/event-sink.ts";
import { createLog } from "#adapters/observe/log.ts";
import { createMetrics, type Metrics } from "#adapters/observe/metrics.ts";
import { openAuditLog } from "#adapters/store/audit-log.ts";
import { withDeadline } from "#async/with-deadline.ts";
import type { AppKey } from "#core/app/app.ts";
import type { Controller } from "#engine/controller.ts";
import type { Log } from "#engine/ports.ts";
import { type ObservabilityServerOptions, startObservabilityServer } from "#server/observability-server.ts";
import { settingsFor, vendorSettings } from "./cli-session.ts";
import { LeaseLostError } from "./lease-lost-error.ts";
import { runController } from "./run-controller.ts";

const CLOSE_MS = 3_000;

/** Runs the engine in this process. */
export const controllerActions: Pick<ControllerActions, "run"> = { run };

async function run(args: ControllerArguments, signal: AbortSignal): Promise<void> {
  const log = createLog({ level: args.logLevel });
  let controller: Controller | null = null;
  const metrics = metricsOf(args, () => controller);
  const audit = openAuditLog({
    path: join(args.dataDir, "history.db"),
    onError: (error) => log.warn({ error }, "history"),
  });
  metrics.expose("history_dropped_total", "Records of the history that were lost.", () => audit.dropped);
  // What serves must end with the controller, or it would keep the process.
  const serving = new AbortController();
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  try {
    const pages = { metrics: () => metrics.text(), ready: () => readiness(controller) };
    await serve(args.metricsAddress, { pages, log }, serving.signal);
    const options = {
      settings: await settingsFor(args, signal),
      dataDir: args.dataDir,
      ...(args.pluginDir !== undefined && { pluginDir: args.pluginDir }),
      namespace: args.namespace,
      namespaces: args.namespaces,
      vendorSettings: {
        ...vendorSettings,
        ownNamespaceOnly: args.crossNamespaceRefs === false,
        defaultServiceAccount: args.defaultServiceAccount ?? null,
        defaultDecryptionAccount: args.defaultDecryptionServiceAccount ?? null,
        defaultClusterAccount: args.defaultKubeconfigServiceAccount ?? null,
        remoteBases: args.remoteBases,
        plugins: args.pluginDir !== undefined,
      },
      clusterCommands: args.clusterCommand,
      shard: args.watchLabelSelector ?? null,
      allowFileUrls: args.allowFileUrls,
      ...(args.webhookAddr && { webhooks: args.webhookAddr }),
      ...(args.storageAddr && { artifacts: { ...args.storageAddr, advertised: args.storageAdvAddr ?? null } }),
      audit,
      telemetry: metrics,
      log,
      onRequest: metrics.request,
      onStart: (started: Controller) => {
        controller = started;
      },
      eventSink: (client: Parameters<Parameters<typeof runController>[0]["eventSink"]>[0]) =>
        createEventSink({ client, clock, log, onOutcome: metrics.event }),
    };
    await runController(options, signal);
    log.info({}, "controller has stopped");
  } catch (error) {
    if (signal.aborted) return;
    if (!(error instanceof LeaseLostError)) throw error;
    throw new CliError("Another controller has taken over", { exitCode: exitCode.leaseLost, cause: error });
  } finally {
    serving.abort();
    metrics.close();
    await withDeadline(new AbortController().signal, CLOSE_MS, (scope) => audit.close(scope));
  }
}

function metricsOf(
  { metricsApplicationsetLabels: labels }: ControllerArguments,
  running: () => Controller | null,
): Metrics {
  const apps = {
    all: () => (running()?.context.registry.apps() ?? []).map(({ object }) => object),
    get: (key: string) => running()?.context.registry.objectOf(key as AppKey) ?? null,
  };
  return createMetrics(apps, { all: () => running()?.sets() ?? [], labels });
}

const USUAL_ADDRESS = { host: "127.0.0.1", port: 8080 };

/** Serves metrics and health; a taken port matters only to who chose it. */
async function serve(
  chosen: Address | null | undefined,
  parts: { pages: Pick<ObservabilityServerOptions, "metrics" | "ready">; log: Log },
  signal: AbortSignal,
): Promise<void> {
  if (chosen === null) return;
  const address = chosen ?? USUAL_ADDRESS;
  try {
    const { url } = await startObservabilityServer({ ...address, ...parts.pages, signal });
    parts.log.info({ url }, "metrics and health are served");
  } catch (error) {
    if (chosen === undefined) return parts.log.warn({ ...address, error }, "metrics and health are not served");
    throw new CliError(`Cannot serve metrics on ${address.host}:${address.port}`, {
      advice: "Choose another place with --metrics-address HOST:PORT, or off.",
      cause: error,
    });
  }
}

/** A replica that waits to become leader does nothing yet, and that is as it should be. */
function readiness(controller: Controller | null): { ok: boolean; reasons: string[] } {
  if (!controller) return { ok: true, reasons: ["waiting to become leader"] };
  return controller.ready ? { ok: true, reasons: [] } : { ok: false, reasons: ["reading the cluster"] };
}
