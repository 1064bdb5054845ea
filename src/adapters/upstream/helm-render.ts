import type { ChartMetadata, HelmHookEvent, HelmReleaseChart } from "#core/helm/release.ts";
import type { ChartPostRender } from "#core/app/render-spec.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { HelperPool } from "./helper-pool.ts";
import type { LookupQuestion, Question, Reply } from "./helper-process.ts";
import { requestOfChart } from "./helm-source.ts";
import type { ChartSource } from "./helm-source.ts";

/** What to render. */
export interface HelmRender {
  readonly chart: ChartSource;
  readonly values: readonly ValuesPart[];
  readonly release: {
    readonly name: string;
    readonly namespace: string;
    readonly revision: number;
    /** Rendered as an upgrade; otherwise as an installation. */
    readonly isUpgrade: boolean;
  };
  readonly capabilities?: HelmCapabilities;
  readonly options?: HelmRenderOptions;
  readonly postRender?: ChartPostRender;
  /** What templates and the record see in place of the chart's own version. */
  readonly chartVersion?: string;
  /** The values of the release before, which count before the given ones: its chart's defaults and its own. */
  readonly reuse?: { readonly defaults: unknown; readonly config: unknown };
  /** Answers the templates' `lookup`; without it they find nothing. */
  readonly lookup?: (wanted: HelmLookup, signal: AbortSignal) => Promise<LookupAnswer>;
}

/** What the target cluster can do; Helm's own knowledge stands in for what is not told. */
export interface HelmCapabilities {
  /** Major and minor as the cluster tells them, where it was asked. */
  readonly kubeVersion?: { readonly version: string; readonly major?: string; readonly minor?: string };
  /** `v1`, `apps/v1`, `apps/v1/Deployment` and so on. */
  readonly apiVersions?: readonly string[];
  /** Whether the versions come on top of those that Helm knows, instead of being all there are. */
  readonly addApiVersions?: boolean;
}

/** What the result holds; nothing by default. */
export interface HelmRenderOptions {
  /** Puts the objects of `crds/` into the manifest text as well. */
  readonly includeCRDs?: boolean;
  /** Leaves `crds` empty, which spares decoding large ones that nobody wants. */
  readonly skipCRDs?: boolean;
  readonly skipSchemaValidation?: boolean;
  readonly disableHooks?: boolean;
  /** Notes of subcharts too. */
  readonly subNotes?: boolean;
  /** The chart as a release record keeps it. */
  readonly withChart?: boolean;
}

/** What a template looks up: one object, or without a name all of the kind. */
export type HelmLookup = Omit<LookupQuestion, "ask">;

/** An object or a list; undefined when there is none; or why the cluster did not tell, which fails the render. */
export type LookupAnswer = { readonly found: object | undefined } | { readonly error: string };

/** An object and the file that it comes from, chart name first. */
export interface RenderedObject {
  readonly path: string;
  readonly object: Resource;
}

/** A hook and its object. */
export interface RenderedHook extends RenderedObject {
  readonly name: string;
  readonly kind: string;
  readonly manifest: string;
  readonly events: readonly HelmHookEvent[];
  readonly weight: number;
  readonly deletePolicies: readonly string[];
  readonly outputLogPolicies: readonly string[];
}

/** What a chart became. */
export interface HelmRendered {
  /** In the order in which Helm installs. */
  readonly manifests: readonly RenderedObject[];
  readonly hooks: readonly RenderedHook[];
  /** Objects of the charts' `crds/` folders. */
  readonly crds: readonly RenderedObject[];
  readonly notes: string;
  /** The text that Helm keeps in its release record. */
  readonly manifest: string;
  /** The given values, merged. */
  readonly config: Readonly<Record<string, unknown>>;
  /** `sha256:` of the given values in their canonical form. */
  readonly configDigest: string;
  /** The same over the defaults of the chart. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly metadata: ChartMetadata;
  /** Functions that templates called and that may answer differently next time. */
  readonly impure: readonly string[];
  readonly chart?: HelmReleaseChart;
  readonly readSet: ReadSet;
}

/**
 * Renders a chart by Helm's own library, offline but for lookups.
 * @throws UpstreamError naming the chart's file and line where they are known; whatever the tree throws.
 */
export async function helmRender(pool: HelperPool, render: HelmRender, signal: AbortSignal): Promise<HelmRendered> {
  const { chart, lookup, capabilities = {}, options = {}, postRender = null, ...rest } = render;
  const input = { ...rest, capabilities, options: { ...options, canLookup: lookup !== undefined }, postRender };
  const answer = async (question: Question, scope: AbortSignal): Promise<Reply | undefined> => {
    if (question.ask !== "lookup" || lookup === undefined) return undefined;
    const { ask: _, ...wanted } = question;
    const answered = await lookup(wanted, scope);
    if ("error" in answered) return { message: { error: { code: "lookup", message: answered.error } } };
    return { message: { found: answered.found ?? null } };
  };
  const { result, readSet } = await requestOfChart(pool, { op: "helm.render", chart, input, answer }, signal);
  return { ...(result as Omit<HelmRendered, "readSet">), readSet };
}
