import type { HelmReleaseHook } from "#core/helm/release.ts";
import type { Resource } from "#core/resource/resource.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { ReleaseRender, ReleaseTools, RenderedRelease, StoredRelease } from "#engine/ports.ts";
import { helmChart } from "./helm-chart.ts";
import { decodeHelmRelease, encodeHelmRelease } from "./helm-release.ts";
import { helmRender } from "./helm-render.ts";
import type { RenderedHook } from "./helm-render.ts";
import { helmValues } from "./helm-values.ts";
import type { HelperPools } from "./helper-pools.ts";
import { releaseChart } from "./release-chart.ts";
import { ReleaseLookup } from "./release-lookup.ts";
import type { LookupCluster } from "./release-lookup.ts";
import { UpstreamError } from "./upstream-error.ts";
import { yamlDecode } from "./yaml-decode.ts";

type Pools = Pick<HelperPools, "small" | "full">;

/** Charts and release records by Helm's own library in the helpers; templates look objects up in `cluster`. */
export function releaseTools(pools: Pools, cluster: LookupCluster): ReleaseTools {
  return {
    inspect: (place, values, signal) =>
      refused(signal, async () => {
        const { chart } = await releaseChart(place, signal);
        const { metadata } = await helmChart(pools.full, chart, signal);
        const { configDigest } = await helmValues(pools.full, values, signal);
        return { metadata, configDigest };
      }),
    render: (wanted, signal) => render({ pools, cluster }, wanted, signal),
    encode: (asked, signal) => encodeHelmRelease(pools.full, asked, signal),
    decode: (asked, signal) => decode(pools, asked, signal),
  };
}

async function render(
  { pools, cluster }: { pools: Pools; cluster: LookupCluster },
  wanted: ReleaseRender,
  signal: AbortSignal,
): Promise<RenderedRelease> {
  const { values, postRender, release, chartVersion, reuse, validateSchema } = wanted;
  const capabilities = await cluster.capabilities({ signal });
  const lookup = new ReleaseLookup(cluster, wanted.as);
  const options = { withChart: true, skipSchemaValidation: !validateSchema };
  const { rendered, looked } = await refused(signal, async () => {
    const { chart, readSet } = await releaseChart(wanted, signal);
    const asked = { chart, values, release, capabilities, options, postRender, chartVersion };
    const answers = { lookup: lookup.answer.bind(lookup), ...(reuse === null ? {} : { reuse }) };
    return { rendered: await helmRender(pools.full, { ...asked, ...answers }, signal), looked: readSet };
  }).catch((error: unknown) => {
    throw lookup.fault ?? error;
  });
  const { chart, notes, manifest, config, configDigest } = rendered;
  if (chart === undefined) throw new Error("Cannot render the chart: the helper left its content out");
  return {
    objects: rendered.manifests.map(({ object }) => object),
    hooks: rendered.hooks.map((hook) => ({ hook: recordedHook(hook), object: hook.object })),
    crds: rendered.crds.map(({ object }) => object),
    notes,
    manifest,
    config,
    configDigest,
    chart,
    readSet: [...looked, ...rendered.readSet],
  };
}

/** As Helm records a hook that has not run: what is empty is left out, so that digests are the same. */
function recordedHook(hook: RenderedHook): HelmReleaseHook {
  const { name, kind, path, manifest, events, weight, deletePolicies, outputLogPolicies } = hook;
  return {
    name,
    kind,
    path,
    manifest,
    events,
    last_run: { phase: "" },
    ...(weight === 0 ? {} : { weight }),
    ...(deletePolicies.length === 0 ? {} : { delete_policies: deletePolicies }),
    ...(outputLogPolicies.length === 0 ? {} : { output_log_policies: outputLogPolicies }),
  };
}

async function decode(
  pools: Pools,
  asked: { readonly secretData: string; readonly ociDigest: string },
  signal: AbortSignal,
): Promise<StoredRelease> {
  const decoded = await decodeHelmRelease(pools.full, asked, signal);
  const { manifest, hooks = [] } = decoded.release;
  const texts = [{ path: "the manifest", text: manifest }, ...hooks.map(hookText)];
  const files = texts.map(({ path, text }) => ({ path, content: Buffer.from(text) }));
  const [objects = [], ...ofHooks] = (await yamlDecode(pools.small, files, signal)).map((file) => {
    if (file.error) throw new UpstreamError(file.error);
    return file.documents.map(({ object }) => object as unknown as Resource);
  });
  const found = hooks.flatMap((hook, at) => (ofHooks[at] ?? []).map((object) => ({ hook, object })));
  return { ...decoded, objects, hooks: found };
}

function hookText({ name = "", manifest = "" }: HelmReleaseHook): { path: string; text: string } {
  return { path: `the hook ${name}`, text: manifest };
}

/** Tells what is wrong with a chart or its values from what ends a helper or a request, which is worth another try. */
async function refused<T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof RenderError || (error instanceof UpstreamError && error.code === "died")) throw error;
    throw new RenderError("build", error instanceof Error ? error.message : String(error), { cause: error });
  }
}
