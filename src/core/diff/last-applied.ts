import { stableText } from "#core/resource/stable-text.ts";
import { annotationsOf, labelsOf, type Resource, withMetadata } from "#core/resource/resource.ts";
import { LAST_APPLIED } from "./declared-part.ts";

/** Annotations of an object may amount to 256 KiB. */
const LONGEST = 200_000;

/**
 * What is sent, with the annotation by which client-side apply knows what it declared brought up to date where the live
 * object has one, so that whoever applies in that way later still removes what is declared no more. Labels of our own
 * are left out of it; a Secret's content is not written there.
 */
export function withLastApplied(sent: Resource, live: Resource, ownLabels: readonly string[]): Resource {
  if (annotationsOf(live)[LAST_APPLIED] === undefined || isSecret(sent)) return sent;
  const text = `${stableText(declarationOf(sent, ownLabels))}\n`;
  return text.length > LONGEST ? sent : withMetadata(sent, { annotations: { [LAST_APPLIED]: text } });
}

function declarationOf(sent: Resource, ownLabels: readonly string[]): object {
  const { labels: _labels, annotations: _annotations, ...metadata } = sent.metadata;
  const labels = Object.fromEntries(Object.entries(labelsOf(sent)).filter(([name]) => !ownLabels.includes(name)));
  const { [LAST_APPLIED]: _before, ...annotations } = annotationsOf(sent);
  return { ...sent, metadata: { ...metadata, annotations, ...(Object.keys(labels).length > 0 && { labels }) } };
}

function isSecret({ apiVersion, kind }: Resource): boolean {
  return apiVersion === "v1" && kind === "Secret";
}
