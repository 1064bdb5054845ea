import type { KustomizeImage, KustomizeOverrides, KustomizePatch } from "#core/app/render-spec.ts";
import type { KustomizeFields } from "./source-schema.ts";

type PatchFields = NonNullable<KustomizeFields["patches"]>[number];

/** The overrides that a `kustomize` block asks for. */
export function kustomizeOverrides(fields: KustomizeFields): KustomizeOverrides {
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
      ? { annotations: { pairs: fields.commonAnnotations, force: fields.forceCommonAnnotations ?? false } }
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
