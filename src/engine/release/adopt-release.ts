import { type ReleaseSnapshot, withSnapshot } from "#core/release/release-memory.ts";
import { isSameContent } from "#core/release/same-content.ts";
import { snapshotOf } from "#core/release/snapshot.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { RenderedRelease } from "../ports.ts";
import { wholeRecord } from "./held-release.ts";
import { noteReleased } from "./release-facts.ts";
import { renderRelease } from "./render-release.ts";
import type { HeldRelease, WantedChart } from "./release-state.ts";
import type { ReleaseWork } from "./release-work.ts";

/**
 * Takes a release that somebody else made as the app's own when it is just what the app declares: same chart, same
 * values, same objects. Nothing is written; any other release is upgraded.
 */
export async function adoptRelease(
  one: ReleaseWork,
  { held, wanted }: { readonly held: HeldRelease; readonly wanted: WantedChart },
  signal: AbortSignal,
): Promise<void> {
  const { work, policy, release } = one;
  const { summary, stored } = held;
  const { history } = release.memory;
  const isKnown =
    history[0]?.digest === stored.digest || (history[0] && summary.writtenFor === work.state.app.object.uid);
  if (isKnown || summary.status !== "deployed") return;
  const { name, version } = stored.release.chart.metadata;
  const isSameChart = name === wanted.metadata.name && version === wanted.metadata.version;
  if (!isSameChart || stored.configDigest !== wanted.configDigest) return;
  const question = `${summary.resourceVersion} ${wanted.version} ${work.state.app.specDigest}`;
  if (release.refused === question) return;
  const rendered = await rerendered(one, { held, wanted }, signal);
  const { objects } = (await wholeRecord(one, held, signal)).stored;
  if (!rendered || !isSameContent(rendered.objects, objects, markedLabels(one))) {
    release.refused = question;
    return;
  }
  const action = summary.version === 1 ? "install" : "upgrade";
  const found = snapshotOf(stored, { ociDigest: wanted.ociDigest, action, tested: false });
  const snapshot = { ...found, chartVersion: wanted.version };
  const earlier = await Promise.all(history.map((former) => asStored(one, former, signal)));
  noteReleased(one, snapshot);
  release.isUnmarked = true;
  release.memory = {
    ...release.memory,
    history: withSnapshot(earlier, snapshot),
    lastAction: action,
    postRenderersDigest: policy.postRenderersDigest,
    commonMetadataDigest: policy.commonMetadataDigest,
  };
  work.context.log.info({ app: work.state.app.key, revision: summary.version }, "release was taken over as it is");
}

/** What was deployed before is so no longer, and its record has another digest since. */
async function asStored(
  { work, policy }: ReleaseWork,
  snapshot: ReleaseSnapshot,
  signal: AbortSignal,
): Promise<ReleaseSnapshot> {
  const { app } = work.state;
  const { name, storageNamespace: namespace } = policy;
  const known = work.context.releases.records(app.key, { name, namespace });
  const records = known.kind === "read" ? known.records : [];
  const summary = records.find(({ version }) => version === snapshot.version);
  if (!summary || summary.status === snapshot.status) return snapshot;
  const { digest } = await work.context.releases.read({ app, summary, ociDigest: snapshot.ociDigest }, signal);
  return { ...snapshot, status: summary.status, digest, action: "" };
}

async function rerendered(
  one: ReleaseWork,
  { held, wanted }: { readonly held: HeldRelease; readonly wanted: WantedChart },
  signal: AbortSignal,
): Promise<RenderedRelease | null> {
  const { version } = held.summary;
  try {
    return await renderRelease(
      one,
      { wanted, version, action: version === 1 ? "install" : "upgrade", held: null },
      signal,
    );
  } catch (error) {
    if (error instanceof RenderError) return null;
    throw error;
  }
}

/** Labels that every object of the app gets. */
function markedLabels({ work }: ReleaseWork): ReadonlySet<string> {
  const { app, dialect } = work.state;
  const bare: Resource = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "any" } };
  return new Set(Object.keys(labelsOf(dialect.rules.mark(bare, app))));
}
