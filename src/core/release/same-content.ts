import type { Resource } from "#core/resource/resource.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import { stableText } from "#core/resource/stable-text.ts";

/**
 * Whether a chart renders to what a release was made of, whatever the order: labels that `added` names do not count,
 * because whoever made the release may not have added them.
 */
export function isSameContent(
  rendered: readonly Resource[],
  stored: readonly Resource[],
  added: ReadonlySet<string>,
): boolean {
  if (rendered.length !== stored.length) return false;
  const known = new Map(stored.map((object) => [keyOf(object), bareText(object, added)]));
  return rendered.every((object) => known.get(keyOf(object)) === bareText(object, added));
}

function bareText(object: Resource, added: ReadonlySet<string>): string {
  const { labels = {}, annotations = {}, ...metadata } = object.metadata;
  const own = Object.fromEntries(Object.entries(labels).filter(([name]) => !added.has(name)));
  return stableText({ ...object, metadata: { ...metadata, labels: own, annotations } });
}
