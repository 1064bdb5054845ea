import { releaseTools } from "#adapters/upstream/release-tools.ts";
import type { ChartSpec } from "#core/app/render-spec.ts";
import { versionWithDigest } from "#core/helm/chart-version.ts";
import { releaseSecretName, releaseSelector } from "#core/helm/release-record.ts";
import { decideRelease, type WantedRelease } from "#core/release/decide-release.ts";
import { noReleaseMemory } from "#core/release/release-memory.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import { isSameContent } from "#core/release/same-content.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient, ReleaseTools, RenderedRelease, StoredRelease } from "#engine/ports.ts";
import { asUser } from "#engine/requests.ts";
import { type FoundApp, usableApp } from "./cli-app-record.ts";
import { type FetchedChart, withChart } from "./cli-chart-source.ts";
import { completedRender } from "./cli-complete-render.ts";

/** What a release would be made of now, and which record of Helm's would tell of it. */
export interface DeclaredRelease {
  readonly chartVersion: string;
  readonly objects: readonly Resource[];
  /** The revision that would be written; null: the newest one is what is declared. */
  readonly revision: { readonly secret: string; readonly namespace: string; readonly why: string } | null;
}

const secrets = { group: "", version: "v1", kind: "Secret", plural: "secrets", namespaced: true, verbs: [] };

/** What the controller would find or make of an app's release. @throws CliError, RenderError */
export async function declaredRelease({ client, record }: FoundApp, signal: AbortSignal): Promise<DeclaredRelease> {
  const app = usableApp(record);
  const [declared] = app.sources;
  const policy = app.release;
  if (!policy || !declared) throw new CliError(`Cannot render ${record.key}: it is no release`);
  const spec = await completedRender({ client, record }, declared.render, signal);
  if (spec.kind !== "chart") throw new CliError(`Cannot render ${record.key}: its source is no chart`);
  const release = (chart: FetchedChart) => ofChart({ client, record }, { chart, spec, policy }, signal);
  return withChart({ client, record }, release, signal);
}

interface Asked {
  readonly chart: FetchedChart;
  readonly spec: ChartSpec;
  readonly policy: ReleasePolicy;
}

async function ofChart(found: FoundApp, asked: Asked, signal: AbortSignal): Promise<DeclaredRelease> {
  const { client, record } = found;
  const { chart, policy, spec } = asked;
  const tools = releaseTools(chart.helpers, client);
  const { metadata, configDigest } = await tools.inspect(chart, spec.values, signal);
  const chartVersion = toldVersion(asked, metadata.version);
  const wanted = { chartName: metadata.name, chartVersion, configDigest };
  const memory = record.dialect.restore(record.object).release ?? noReleaseMemory;
  const ociDigest = memory.history[0]?.ociDigest ?? "";
  const newest = await newestRecord({ client, tools }, { policy, ociDigest }, signal);
  const rendered = (version: number) => render(found, { ...asked, tools, chartVersion, version, newest }, signal);
  if (newest && memory.history.length === 0 && isOf(newest, wanted)) {
    const { objects } = await rendered(newest.release.version);
    if (isSameContent(objects, newest.objects, marked(found))) return { chartVersion, objects, revision: null };
  }
  const decision = decideRelease({
    policy,
    memory,
    done: [],
    stored: newest && {
      name: newest.release.name,
      namespace: newest.release.namespace,
      version: newest.release.version,
      status: newest.release.info.status,
      digest: newest.digest,
    },
    wanted,
    drifted: false,
    canRollBack: false,
  });
  const makes = decision.kind === "act" && (decision.action === "install" || decision.action === "upgrade");
  if (newest && !makes) return { chartVersion, objects: newest.objects, revision: null };
  const version = (newest?.release.version ?? 0) + 1;
  const { objects } = await rendered(version);
  const why = decision.kind === "act" ? decision.reason : "";
  const secret = releaseSecretName(policy.name, version);
  return { chartVersion, objects, revision: { secret, namespace: policy.storageNamespace, why } };
}

/** The version as it is told: with the artifact's digest where that counts. */
function toldVersion({ chart, policy }: Asked, version: string): string {
  if (!policy.digestInVersion) return version;
  const digested = versionWithDigest(version, chart.revision.text);
  if (digested.ok) return digested.value.version;
  throw new CliError(`Cannot use the chart: ${digested.error}`, { exitCode: exitCode.refused });
}

function isOf({ release, configDigest }: StoredRelease, wanted: WantedRelease): boolean {
  const { name, version } = release.chart.metadata;
  return name === wanted.chartName && version === wanted.chartVersion && configDigest === wanted.configDigest;
}

function render(
  { record }: FoundApp,
  asked: Asked & {
    readonly tools: ReleaseTools;
    readonly chartVersion: string;
    readonly version: number;
    readonly newest: StoredRelease | null;
  },
  signal: AbortSignal,
): Promise<RenderedRelease> {
  const { chart, spec, policy, tools, chartVersion, version, newest } = asked;
  const isUpgrade = version > 1;
  const { chart: old, config = {} } = newest?.release ?? {};
  const reuse =
    isUpgrade && newest && policy.upgrade.preserveValues ? { defaults: old?.["values"] ?? {}, config } : null;
  const release = { name: policy.name, namespace: policy.namespace, revision: version, isUpgrade };
  const { validateSchema } = policy[isUpgrade ? "upgrade" : "install"];
  const { values, postRender } = spec;
  const { tree, path } = chart;
  const as = asUser(usableApp(record)).as ?? null;
  return tools.render({ tree, path, values, postRender, release, chartVersion, reuse, validateSchema, as }, signal);
}

/** Labels that every object of the app gets. */
function marked({ record }: FoundApp): ReadonlySet<string> {
  const bare: Resource = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "any" } };
  return new Set(Object.keys(labelsOf(record.dialect.rules.mark(bare, usableApp(record)))));
}

async function newestRecord(
  { client, tools }: { client: ClusterClient; tools: ReleaseTools },
  { policy, ociDigest }: { policy: ReleasePolicy; ociDigest: string },
  signal: AbortSignal,
): Promise<StoredRelease | null> {
  const namespace = policy.storageNamespace;
  const selection = { namespace, labelSelector: releaseSelector(policy.name), metadataOnly: true };
  const versionOf = (secret: Resource) => Number(labelsOf(secret)["version"] ?? 0);
  const found = await client.list(secrets, selection, { signal });
  const [newest] = found.toSorted((a, b) => versionOf(b) - versionOf(a));
  if (!newest) return null;
  const secret = await client.get(
    { apiVersion: "v1", kind: "Secret", namespace, name: newest.metadata.name },
    { signal },
  );
  const secretData = (secret?.["data"] as { release?: string } | undefined)?.release ?? "";
  return tools.decode({ secretData, ociDigest }, signal);
}
