import { chartPlace } from "#core/source/chart-place.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import { RenderError } from "#core/source/render-error.ts";
import type { ChartPlace } from "#engine/ports.ts";
import type { ChartSource } from "./helm-source.ts";
import { RecordingTree } from "./recording-tree.ts";

/** The chart at a place, and what was read to find it. @throws RenderError when there is none */
export async function releaseChart(
  { tree, path }: ChartPlace,
  signal: AbortSignal,
): Promise<{ readonly chart: ChartSource; readonly readSet: ReadSet }> {
  const place = chartPlace(tree, path);
  if (place.kind === "none") throw new RenderError("build", place.problem);
  const looked = new RecordingTree(tree);
  await looked.list(path, signal);
  if (place.kind === "folder") {
    return { chart: { kind: "directory", tree, path: place.path }, readSet: looked.readSet() };
  }
  const { content } = await looked.read(place.file, signal);
  if (content === undefined) throw new RenderError("build", `${JSON.stringify(place.file)} is no file`);
  return { chart: { kind: "archive", content }, readSet: looked.readSet() };
}
