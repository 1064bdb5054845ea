import { sha256Hex } from "#core/source/sha256.ts";
import type { HelmReleaseSpec } from "./helm-release-schema.ts";

type PostRenderers = NonNullable<HelmReleaseSpec["postRenderers"]>;
type Patch = NonNullable<NonNullable<PostRenderers[number]["kustomize"]>["patches"]>[number];
type Image = NonNullable<NonNullable<PostRenderers[number]["kustomize"]>["images"]>[number];

const targetFields = ["group", "version", "kind", "namespace", "name", "annotationSelector", "labelSelector"] as const;
const imageFields = ["name", "newName", "newTag", "digest"] as const;

/**
 * What upstream's status keeps of the post-renderers, "" for none: a digest of their JSON as Go writes it
 * (helm-controller@v1.6.3 internal/postrender/build.go), so that taking a release over asks for no upgrade.
 */
export function postRenderersDigest(postRenderers: HelmReleaseSpec["postRenderers"]): string {
  if (!postRenderers) return "";
  const inOrder = postRenderers.map(({ kustomize }) => {
    if (!kustomize) return {};
    const patches = filled(kustomize.patches)?.map(orderedPatch);
    const images = filled(kustomize.images)?.map((image) => ({ name: image.name, ...picked(image, imageFields) }));
    return { kustomize: { ...(patches && { patches }), ...(images && { images }) } };
  });
  return digestOfJson(inOrder);
}

/** The same of the common metadata. */
export function commonMetadataDigest(metadata: HelmReleaseSpec["commonMetadata"]): string {
  if (!metadata) return "";
  const { annotations, labels } = { annotations: sorted(metadata.annotations), labels: sorted(metadata.labels) };
  return digestOfJson({ ...(annotations && { annotations }), ...(labels && { labels }) });
}

function orderedPatch({ patch, target }: Patch): object {
  return { patch, ...(target && { target: picked(target, targetFields) }) };
}

/** Fields in the order of upstream's types; empty ones are left out. */
function picked<Field extends string>(from: Partial<Record<Field, string>>, fields: readonly Field[]): object {
  return Object.fromEntries(fields.filter((field) => from[field]).map((field) => [field, from[field]]));
}

function filled<Item extends Patch | Image>(list: readonly Item[] | undefined): readonly Item[] | undefined {
  return list && list.length > 0 ? list : undefined;
}

function sorted(map: Readonly<Record<string, string>> | undefined): object | undefined {
  const entries = Object.entries(map ?? {});
  return entries.length === 0 ? undefined : Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function digestOfJson(value: unknown): string {
  return `sha256:${sha256Hex(`${goJson(value)}\n`)}`;
}

/** Go escapes what could end a script in a page, and two line separators. */
function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return String.raw`\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
