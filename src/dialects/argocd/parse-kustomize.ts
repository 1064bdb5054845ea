import type {
  KustomizeBuildOptions,
  KustomizeImage,
  KustomizeOverrides,
  KustomizePatch,
  TemplateCapabilities,
} from "#core/app/render-spec.ts";
import type { Problem } from "#core/result.ts";
import { type BuildEnvironment, plainVersion, substituted } from "./build-environment.ts";
import type { KustomizeSettings } from "./settings-kustomize.ts";
import type { KustomizeFields } from "./source-schema.ts";

type PatchFields = NonNullable<KustomizeFields["patches"]>[number];

/** The kustomize that is built in, by every name that means it. */
const BUILT_IN = /^v?5\.8(\.\d+)?$/;

/** What of a `kustomize` block cannot be used. */
export function kustomizeProblems(fields: KustomizeFields | undefined, place: string): Problem[] {
  const root = `${place}.kustomize`;
  const problems = (fields?.replicas ?? [])
    .filter(({ count }) => !/^\d{1,9}$/.test(String(count)))
    .map(({ count }) => ({
      path: `${root}.replicas`,
      message: `${root}.replicas: ${JSON.stringify(count)} is not a count`,
    }));
  const version = fields?.version ?? "";
  if (version === "" || BUILT_IN.test(version)) return problems;
  const message = `${root}.version: ${JSON.stringify(version)} is not built in: take the field out for kustomize v5.8`;
  return [...problems, { path: `${root}.version`, message }];
}

/** What the build may do: as the installation says, and what the block adds; templates of charts are told of the cluster. */
export function kustomizeOptions(
  fields: KustomizeFields | undefined,
  { kustomize, cluster = null }: { kustomize: KustomizeSettings; cluster?: TemplateCapabilities | null },
): KustomizeBuildOptions {
  const { version = "", kubeVersion, apiVersions } = fields ?? {};
  const { enableHelm, ...options } = kustomize.byVersion[version] ?? kustomize.options;
  if (!enableHelm) return options;
  const known = {
    ...(cluster?.kubeVersion && { kubeVersion: plainVersion(cluster.kubeVersion) }),
    ...(cluster && { apiVersions: cluster.apiVersions }),
  };
  return {
    enableHelm,
    ...known,
    ...options,
    ...(kubeVersion && { kubeVersion: plainVersion(kubeVersion) }),
    ...(apiVersions?.length ? { apiVersions } : {}),
  };
}

/** The overrides that a `kustomize` block asks for. */
export function kustomizeOverrides(fields: KustomizeFields, environment: BuildEnvironment | null): KustomizeOverrides {
  return {
    ...(fields.namespace ? { namespace: fields.namespace } : {}),
    ...(fields.namePrefix ? { namePrefix: fields.namePrefix } : {}),
    ...(fields.nameSuffix ? { nameSuffix: fields.nameSuffix } : {}),
    ...(fields.images?.length ? { images: fields.images.map(parseImage), imageMerge: "replace" } : {}),
    ...(fields.replicas?.length
      ? { replicas: fields.replicas.map(({ name, count }) => ({ name, count: Number(count) })) }
      : {}),
    ...(fields.patches?.length ? { patches: fields.patches.map(patchOf) } : {}),
    ...(fields.components?.length ? { components: fields.components } : {}),
    ...(fields.ignoreMissingComponents ? { ignoreMissingComponents: true } : {}),
    ...(isFilled(fields.commonLabels) ? { labels: labelsOf(fields, fields.commonLabels) } : {}),
    ...(isFilled(fields.commonAnnotations)
      ? { annotations: annotationsOf(fields, fields.commonAnnotations, environment) }
      : {}),
  };
}

function labelsOf(
  fields: KustomizeFields,
  pairs: Readonly<Record<string, string>>,
): NonNullable<KustomizeOverrides["labels"]> {
  return {
    pairs,
    force: fields.forceCommonLabels ?? false,
    includeSelectors: !fields.labelWithoutSelector,
    includeTemplates: fields.labelIncludeTemplates ?? false,
  };
}

function annotationsOf(
  fields: KustomizeFields,
  pairs: Readonly<Record<string, string>>,
  environment: BuildEnvironment | null,
): NonNullable<KustomizeOverrides["annotations"]> {
  const force = fields.forceCommonAnnotations ?? false;
  if (!fields.commonAnnotationsEnvsubst || !environment) return { pairs, force };
  const filled = Object.entries(pairs).map(([name, value]) => [name, substituted(value, environment)] as const);
  return { pairs: Object.fromEntries(filled), force };
}

function patchOf({ patch, path, target, options }: PatchFields): KustomizePatch {
  return {
    ...(patch ? { patch } : {}),
    ...(path ? { path } : {}),
    ...(target ? { target } : {}),
    ...(options ? { options } : {}),
  };
}

/** Parses `[name=]image[:tag][@digest]`, the grammar of `kustomize edit set image`. */
export function parseImage(text: string): KustomizeImage {
  const equals = text.indexOf("=");
  const [name, rest] = equals < 0 ? [null, text] : [text.slice(0, equals), text.slice(equals + 1)];
  const at = rest.indexOf("@");
  const [tagged, digest] = at < 0 ? [rest, ""] : [rest.slice(0, at), rest.slice(at + 1)];
  const colon = tagged.indexOf(":", tagged.lastIndexOf("/") + 1);
  const [image, tag] = colon < 0 ? [tagged, ""] : [tagged.slice(0, colon), tagged.slice(colon + 1)];
  return {
    name: name ?? image,
    ...(name !== null && image !== "" && image !== name ? { newName: image } : {}),
    ...(tag === "" ? {} : { newTag: tag }),
    ...(digest === "" ? {} : { digest }),
  };
}

function isFilled(map: Readonly<Record<string, string>> | undefined): map is Readonly<Record<string, string>> {
  return map !== undefined && Object.keys(map).length > 0;
}
