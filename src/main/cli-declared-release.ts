import { releaseTools } from "#adapters/upstream/release-tools.ts";
import type { ChartSpec } from "#core/app/render-spec.ts";
import { versionWithDigest } from "#core/helm/chart-version.ts";
import type { StoredRevision, WantedRelease } from "#core/release/decide-release.ts";
import { noReleaseMemory } from "#core/release/release-memory.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import { isSameContent } from "#core/release/same-content.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ReleaseTools, RenderedRelease, StoredRelease } from "#engine/ports.ts";
import { asUser } from "#engine/requests.ts";
import { usableApp } from "./cli-app-record.ts";
import { type FetchedChart, type ReleasePlace, withChart } from "./cli-chart-source.ts";
import { completedRender } from "./cli-complete-render.ts";
import { type NextAction, nextAction } from "./cli-next-revision.ts";
import { releaseRecords } from "./cli-release-records.ts";
import type { ReleaseReader } from "./cli-release-reader.ts";

/** What a release would be made of now, and which record of Helm's would tell of it. */
export interface DeclaredRelease {
  readonly chartVersion: string;
  readonly objects: readonly Resource[];
  readonly hooks: RenderedRelease["hooks"];
  /** Definitions that come first. */
  readonly crds: readonly Resource[];
  /** The revision that would be written; null: the newest one is what is declared. */
  readonly revision: NextRevision | null;
}

/** A revision that would be written, and how. */
export interface NextRevision extends NextAction {
  readonly version: number;
}

/**
 * What the controller would find or make of an app's release; with `fresh` it is rendered also where Helm's record has it.
 * @throws CliError, RenderError
 */
export async function declaredRelease(
  place: ReleasePlace,
  { fresh }: { readonly fresh: boolean },
  signal: AbortSignal,
): Promise<DeclaredRelease> {
  const { client, record } = place;
  const app = usableApp(record);
  const [declared] = app.sources;
  const policy = app.release;
  if (!policy || !declared) throw new CliError(`Cannot render ${record.key}: it is no release`);
  const spec = await completedRender({ client, record }, declared.render, signal);
  if (spec.kind !== "chart") throw new CliError(`Cannot render ${record.key}: its source is no chart`);
  return withChart(place, (chart) => ofChart(place, { chart, spec, policy, fresh }, signal), signal);
}

interface Asked {
  readonly chart: FetchedChart;
  readonly spec: ChartSpec;
  readonly policy: ReleasePolicy;
  readonly fresh: boolean;
}

async function ofChart(place: ReleasePlace, asked: Asked, signal: AbortSignal): Promise<DeclaredRelease> {
  const { target, record } = place;
  const { chart, policy, spec, fresh } = asked;
  const tools = releaseTools(chart.helpers, target);
  const { metadata, configDigest } = await tools.inspect(chart, spec.values, signal);
  const chartVersion = toldVersion(asked, metadata.version);
  const wanted = { chartName: metadata.name, chartVersion, configDigest };
  const memory = record.dialect.restore(record.object).release ?? noReleaseMemory;
  const ociDigest = memory.history[0]?.ociDigest ?? "";
  const newest = await newestRecord({ client: target, tools }, { policy, ociDigest }, signal);
  const rendered = (version: number, isUpgrade: boolean) =>
    render(place, { ...asked, tools, chartVersion, version, isUpgrade, newest }, signal);
  const told = ({ objects, hooks, crds }: RenderedRelease) => ({ chartVersion, objects, hooks, crds });
  if (newest && memory.history.length === 0 && isOf(newest, wanted)) {
    const same = await rendered(newest.release.version, newest.release.version > 1);
    if (isSameContent(same.objects, newest.objects, marked(place))) return { ...told(same), revision: null };
  }
  const next = nextAction({ policy, memory, wanted, stored: newest && storedRevision(newest) });
  if (newest && !next) {
    if (!fresh) return { chartVersion, objects: newest.objects, hooks: newest.hooks, crds: [], revision: null };
    return { ...told(await rendered(newest.release.version, newest.release.version > 1)), revision: null };
  }
  const version = (newest?.release.version ?? 0) + 1;
  const { action, why } = next ?? { action: "install" as const, why: "" };
  return { ...told(await rendered(version, action === "upgrade")), revision: { action, version, why } };
}

function storedRevision({ release, digest }: StoredRelease): StoredRevision {
  const { name, namespace, version, info } = release;
  return { name, namespace, version, status: info.status, digest };
}

/** The version as it is told: with the artifact's digest where that counts. */
function toldVersion({ chart, policy }: Asked, version: string): string {
  if (!policy.digestInVersion || !chart.revision) return version;
  const digested = versionWithDigest(version, chart.revision.text);
  if (digested.ok) return digested.value.version;
  throw new CliError(`Cannot use the chart: ${digested.error}`, { exitCode: exitCode.refused });
}

function isOf({ release, configDigest }: StoredRelease, wanted: WantedRelease): boolean {
  const { name, version } = release.chart.metadata;
  return name === wanted.chartName && version === wanted.chartVersion && configDigest === wanted.configDigest;
}

function render(
  { record }: ReleasePlace,
  asked: Asked & {
    readonly tools: ReleaseTools;
    readonly chartVersion: string;
    readonly version: number;
    readonly isUpgrade: boolean;
    readonly newest: StoredRelease | null;
  },
  signal: AbortSignal,
): Promise<RenderedRelease> {
  const { chart, spec, policy, tools, chartVersion, version, isUpgrade, newest } = asked;
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
function marked({ record }: ReleasePlace): ReadonlySet<string> {
  const bare: Resource = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "any" } };
  return new Set(Object.keys(labelsOf(record.dialect.rules.mark(bare, usableApp(record)))));
}

async function newestRecord(
  { client, tools }: { client: ReleaseReader; tools: ReleaseTools },
  { policy, ociDigest }: { policy: ReleasePolicy; ociDigest: string },
  signal: AbortSignal,
): Promise<StoredRelease | null> {
  const [newest] = await releaseRecords(client, policy, signal);
  if (!newest) return null;
  const { namespace = "", name } = newest.metadata;
  const secret = await client.get({ apiVersion: "v1", kind: "Secret", namespace, name }, { signal });
  const secretData = (secret?.["data"] as { release?: string } | undefined)?.release ?? "";
  return tools.decode({ secretData, ociDigest }, signal);
}
