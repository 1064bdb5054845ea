import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { type SourceKey, sourceObjectKey } from "#core/source/source.ts";
import { durationText, parseDuration } from "./duration.ts";
import { originLabels } from "./helm-release-marking.ts";
import type { HelmReleaseSpec } from "./helm-release-schema.ts";

type Template = NonNullable<HelmReleaseSpec["chart"]>;

/** Where a release's chart comes from, and the object that must be made so that it does. */
export interface ChartOfRelease {
  readonly source: SourceKey;
  readonly declares: Resource | null;
  /** The field that names a source of another namespace. */
  readonly namespaceField: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}

/** The chart of a release; undefined with a problem when the spec names none, or two. */
export function chartOfRelease(
  object: Resource,
  { chart, chartRef, interval }: HelmReleaseSpec,
  problems: Problem[],
): ChartOfRelease | undefined {
  if ((chart === undefined) === (chartRef === undefined)) {
    const both = chart ? "both are set" : "neither is set";
    problems.push({ path: "spec", message: `either chart or chartRef must be set: ${both}` });
    return undefined;
  }
  const { namespace: own = "", name } = object.metadata;
  if (chartRef) {
    const at = { kind: chartRef.kind, namespace: chartRef.namespace || own, name: chartRef.name };
    return { ...at, source: keyOf(at), declares: null, namespaceField: "spec.chartRef.namespace" };
  }
  const template = chart as Template;
  const at = {
    kind: "HelmChart",
    namespace: template.spec.sourceRef.namespace || own,
    // Named after the release, also in the namespace of its source.
    name: `${own}-${name}`,
  };
  return {
    ...at,
    source: keyOf(at),
    declares: helmChart(object, template, { ...at, interval }),
    namespaceField: "spec.chart.spec.sourceRef.namespace",
  };
}

function keyOf({ kind, namespace, name }: Pick<ChartOfRelease, "kind" | "namespace" | "name">): SourceKey {
  return sourceObjectKey(kind, namespace, name);
}

/** The HelmChart of a release, field by field as upstream writes it. */
function helmChart(
  { metadata: owner }: Resource,
  { metadata, spec }: Template,
  at: { readonly namespace: string; readonly name: string; readonly interval: string },
): Resource {
  const { annotations = {}, labels = {} } = metadata ?? {};
  const { valuesFiles = [], ignoreMissingValuesFiles = false, verify } = spec;
  return {
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "HelmChart",
    metadata: {
      name: at.name,
      namespace: at.namespace,
      labels: { ...labels, ...originLabels(owner.name, owner.namespace ?? "") },
      ...(Object.keys(annotations).length > 0 && { annotations }),
    },
    spec: {
      chart: spec.chart,
      ...(ignoreMissingValuesFiles && { ignoreMissingValuesFiles }),
      interval: goDuration(spec.interval ?? at.interval),
      reconcileStrategy: spec.reconcileStrategy ?? "ChartVersion",
      sourceRef: { kind: spec.sourceRef.kind, name: spec.sourceRef.name },
      ...(valuesFiles.length > 0 && { valuesFiles }),
      ...(verify && {
        verify: { provider: verify.provider, ...(verify.secretRef && { secretRef: verify.secretRef }) },
      }),
      version: spec.version || "*",
    },
  };
}

function goDuration(text: string): string {
  const ms = parseDuration(text);
  return ms === undefined ? text : durationText(ms);
}
