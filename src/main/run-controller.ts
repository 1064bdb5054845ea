import { randomBytes, randomUUID } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import type { Settings } from "#core/app/settings.ts";
import type { WrittenSelector } from "#core/policy/label-selector.ts";
import { digestText } from "#core/resource/digest.ts";
import { type ClientOptions, type ConnectedCluster, connectCluster } from "#adapters/kube/cluster-client.ts";
import type { ClusterSettings } from "#adapters/kube/connection.ts";
import type { ArtifactFiles } from "#adapters/artifact/artifact-files.ts";
import { RenderFiles } from "#adapters/store/render-files.ts";
import { expressionEvaluator } from "#adapters/upstream/expression-evaluator.ts";
import { PluginFolder } from "#adapters/plugin/plugin-folder.ts";
import { copyTools } from "#adapters/upstream/copy-tools.ts";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { GithubAppTokens } from "#adapters/git/github-app-tokens.ts";
import { ProviderReaders } from "#adapters/provider/provider-reader.ts";
import { setTemplates } from "#adapters/upstream/set-templates.ts";
import { jqFinder } from "#adapters/upstream/jq-paths.ts";
import { releaseTools } from "#adapters/upstream/release-tools.ts";
import type { DataKeys } from "#adapters/upstream/sops-data-key.ts";
import { upstreamRenderer } from "#adapters/upstream/upstream-renderer.ts";
import { Controller } from "#engine/controller.ts";
import { LedAlone } from "#engine/led-alone.ts";
import { LeaderLease } from "#engine/lease.ts";
import type { AuditLog, ClusterConnector, EventSink, Log, Telemetry } from "#engine/ports.ts";
import { type ClusterProofs, clusterSettings } from "./cluster-settings.ts";
import { dataKeysOf } from "./data-keys.ts";
import { dialects } from "./dialects.ts";
import { LeaseLostError } from "./lease-lost-error.ts";
import { type ArtifactAddress, artifactFiles, serveArtifacts } from "./served-artifacts.ts";
import { serveWebhooks, type WebhookAddress } from "./served-webhooks.ts";
import { SourceFetchers } from "./source-fetchers.ts";

/** How a controller process is set up. */
export interface RunOptions {
  readonly settings: ClusterSettings;
  /** Folder for repositories; its loss costs a fetch. */
  readonly dataDir: string;
  /** Namespace of the leader lease. */
  readonly namespace: string;
  /** Namespaces to serve; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  readonly vendorSettings: Settings;
  /** Apps without these labels are another controller's. */
  readonly shard?: WrittenSelector | null;
  /** Programs that may be run for credentials where the description of a cluster names them. */
  readonly clusterCommands?: readonly string[];
  readonly allowFileUrls?: boolean;
  /** Folder of plugins; absent: there are none. */
  readonly pluginDir?: string;
  /** Where what sources have is served to others; absent: nowhere. */
  readonly artifacts?: ArtifactAddress;
  /** Where services tell of pushes; absent: nowhere. */
  readonly webhooks?: WebhookAddress;
  readonly audit: AuditLog;
  readonly telemetry: Telemetry;
  readonly log: Log;
  readonly onRequest?: ClientOptions["onRequest"];
  /** Timing of watches where the defaults do not suit. */
  readonly watch?: ClientOptions["watch"];
  readonly eventSink: (client: ConnectedCluster) => EventSink & { run(signal: AbortSignal): Promise<void> };
  /** Told when the controller works, with what the health endpoints need. */
  readonly onStart?: (controller: Controller) => void;
}

/** Shorter than the time between the last moment a write may leave and the first at which another leader may begin. */
const WRITE_TIMEOUT_MS = 4_500;
const STOP_MS = 20_000;
/** Apps mostly wait for the API server, whose own limit is kept by the client. */
const APPS_AT_ONCE = 32;

/**
 * Becomes leader and runs the engine until the signal aborts (resolves) or leadership is lost (rejects: the process
 * should end and start afresh). Ends within 25 seconds.
 */
export async function runController(options: RunOptions, signal: AbortSignal): Promise<void> {
  await mkdir(options.dataDir, { recursive: true, mode: 0o700 });
  const clock = { now: () => Date.now(), monotonic: () => performance.now() };
  const random = () => randomBytes(4).readUInt32LE() / 2 ** 32;
  const helpers = new HelperPools();
  const artifacts = options.artifacts && artifactFiles(options.dataDir, options.artifacts);
  const fetchers = fetchersOf(options, helpers, artifacts);
  const hooks = hooksOf(options);
  const client = connectCluster(options.settings, { ...hooks, writeTimeoutMs: WRITE_TIMEOUT_MS });
  const dataKeys = dataKeysOf(fetchers.clouds, client);
  const providers = new ProviderReaders({ appTokens: new GithubAppTokens(Date.now), roleKeys: fetchers.clouds });
  const kept = renderFiles(options);
  const leaseClient = connectCluster(options.settings, { ...hooks, writeTimeoutMs: 4_000 });
  const alone = new LedAlone(
    clock,
    dialects.map(({ name }) => name),
  );
  const common = { alone, clock, random, log: options.log };
  const lease = new LeaderLease({
    ...common,
    client: leaseClient,
    namespace: options.namespace,
    name: leaseName(options.shard?.text ?? ""),
    identity: `${hostname()}_${randomUUID()}`,
  });
  const guard = () => lease.assertHeld();
  client.guardWrites(guard);
  const serving = new AbortController();
  try {
    await fetchers.git.checkGit(signal);
    await lease.acquire(signal);
    if (artifacts) await serveArtifacts(artifacts, options, serving.signal);
    const events = options.eventSink(client);
    const controller = new Controller({
      ...common,
      client,
      fetcher: fetchers,
      providers,
      ...(artifacts && { artifacts }),
      ...libraries(options, helpers, { client, dataKeys }),
      connector: connector({ helpers, proofs: proofsOf(options, client, fetchers), hooks, guard }),
      dialects,
      settings: options.vendorSettings,
      namespaces: options.namespaces,
      shard: options.shard ?? null,
      epoch: () => lease.epoch,
      events,
      audit: options.audit,
      kept,
      telemetry: options.telemetry,
      concurrency: APPS_AT_ONCE,
    });
    await serveWebhooks(options, { controller, client }, serving.signal);
    options.onStart?.(controller);
    await led(lease, (scope) => Promise.all([controller.run(scope), events.run(scope)]), signal);
  } finally {
    serving.abort();
    await closeAll([fetchers, providers, helpers, kept, dataKeys, client, leaseClient]);
  }
}

function hooksOf({ onRequest, watch }: RunOptions): Pick<ClientOptions, "onRequest" | "watch"> {
  return { ...(onRequest && { onRequest }), ...(watch && { watch }) };
}

function renderFiles({ dataDir, log }: RunOptions): RenderFiles {
  return new RenderFiles(join(dataDir, "renders"), (error) => log.warn({ error }, "a render is not kept"));
}

function fetchersOf(
  { dataDir: directory, allowFileUrls = false }: RunOptions,
  helpers: HelperPools,
  artifacts: ArtifactFiles | undefined,
): SourceFetchers {
  const own = artifacts && { own: (digest: string) => artifacts.withDigest(digest) };
  return new SourceFetchers({ directory, allowFileUrls, full: () => helpers.full, ...own });
}

async function closeAll(parts: readonly { close(): Promise<void> }[]): Promise<void> {
  await Promise.allSettled(parts.map((part) => part.close()));
}

/** Controllers of different shards lead side by side. */
function leaseName(shard: string): string {
  return shard === "" ? "holdfast-controller" : `holdfast-controller-${digestText(shard).slice(0, 10)}`;
}

/** Runs `work` for as long as the lease is held; the lease is kept until the work has stopped. */
async function led(
  lease: LeaderLease,
  work: (signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  const working = new AbortController();
  const holding = new AbortController();
  const stop = () => working.abort(signal.reason);
  signal.addEventListener("abort", stop, { once: true });
  if (signal.aborted) stop();
  const keeping = lease.keep(holding.signal).then(() => {
    if (holding.signal.aborted) return;
    working.abort(new Error("The leader lease was lost"));
  });
  try {
    await stoppedInTime(work(working.signal), working.signal);
  } finally {
    holding.abort();
    await keeping;
    signal.removeEventListener("abort", stop);
  }
  if (!signal.aborted) throw new LeaseLostError("Cannot go on: the leader lease was lost");
}

/** Work that does not stop when told so is left behind: the process ends anyway. */
async function stoppedInTime(work: Promise<unknown>, signal: AbortSignal): Promise<void> {
  const expired = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => setTimeout(resolve, STOP_MS).unref(), { once: true });
  });
  const done = work.then(
    () => {},
    (error: unknown) => {
      if (!signal.aborted) throw error;
    },
  );
  await Promise.race([done, expired]);
}

function libraries(
  { pluginDir }: RunOptions,
  helpers: HelperPools,
  means: { client: ConnectedCluster; dataKeys: DataKeys },
) {
  const { client, dataKeys } = means;
  return {
    renderer: upstreamRenderer(helpers, dataKeys, pluginDir === undefined ? null : new PluginFolder(pluginDir)),
    tools: releaseTools(helpers, client),
    evaluator: expressionEvaluator(helpers),
    templates: setTemplates(helpers),
    finder: jqFinder(helpers),
    copying: copyTools(() => helpers.small),
  };
}

function proofsOf(
  { clusterCommands = [] }: RunOptions,
  client: ConnectedCluster,
  { clouds }: SourceFetchers,
): ClusterProofs {
  return { client, clouds, commands: clusterCommands };
}

/** Connects to clusters that apps name: written to only while this process is leader. */
function connector(parts: {
  helpers: HelperPools;
  proofs: ClusterProofs;
  hooks: object;
  guard: () => void;
}): ClusterConnector {
  return {
    connect: (access) => {
      const settings = clusterSettings(access, parts.proofs);
      const client = connectCluster(settings, { ...parts.hooks, writeTimeoutMs: WRITE_TIMEOUT_MS });
      client.guardWrites(parts.guard);
      return { client, tools: releaseTools(parts.helpers, client), close: () => client.close() };
    },
  };
}
