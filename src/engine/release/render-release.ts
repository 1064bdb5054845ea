import type { RenderedRelease } from "../ports.ts";
import { asUser } from "../requests.ts";
import { wholeRecord } from "./held-release.ts";
import type { HeldRelease, WantedChart } from "./release-state.ts";
import type { ReleaseWork } from "./release-work.ts";

/** Renders a chart as one revision of the app's release. @throws RenderError */
export async function renderRelease(
  one: ReleaseWork,
  revision: {
    readonly wanted: WantedChart;
    readonly version: number;
    readonly action: "install" | "upgrade";
    readonly held: HeldRelease | null;
  },
  signal: AbortSignal,
): Promise<RenderedRelease> {
  const { work, policy } = one;
  const { wanted, version, action, held } = revision;
  const isUpgrade = action === "upgrade";
  return work.context.tools.render(
    {
      tree: wanted.tree,
      path: wanted.path,
      values: wanted.spec.values,
      postRender: wanted.spec.postRender,
      release: { name: policy.name, namespace: policy.namespace, revision: version, isUpgrade },
      chartVersion: wanted.version,
      reuse: isUpgrade && policy.upgrade.preserveValues && held ? await valuesOf(one, held, signal) : null,
      validateSchema: policy[action].validateSchema,
      as: asUser(work.state.app).as ?? null,
    },
    signal,
  );
}

async function valuesOf(
  one: ReleaseWork,
  held: HeldRelease,
  signal: AbortSignal,
): Promise<{ readonly defaults: unknown; readonly config: unknown }> {
  const { chart, config = {} } = (await wholeRecord(one, held, signal)).stored.release;
  return { defaults: chart["values"] ?? {}, config };
}
