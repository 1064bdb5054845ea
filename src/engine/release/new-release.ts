import type { HelmRelease } from "#core/helm/release.ts";
import type { ReleasePolicy } from "#core/release/release-policy.ts";
import type { RenderedRelease } from "../ports.ts";
import type { HeldRelease, WantedChart } from "./release-state.ts";

/** The record of a release that is about to be installed or upgraded, as Helm writes it. */
export function newRelease(
  rendered: RenderedRelease,
  facts: {
    readonly wanted: WantedChart;
    readonly policy: ReleasePolicy;
    readonly version: number;
    readonly held: HeldRelease | null;
    readonly action: "install" | "upgrade";
    readonly now: number;
  },
): HelmRelease {
  const { policy, version, held, action } = facts;
  const time = new Date(facts.now).toISOString();
  const before = action === "upgrade" ? held?.stored.release : undefined;
  return {
    name: policy.name,
    info: {
      first_deployed: before?.info.first_deployed ?? time,
      last_deployed: time,
      description: action === "install" ? "Initial install underway" : "Preparing upgrade",
      status: action === "install" ? "pending-install" : "pending-upgrade",
      notes: rendered.notes,
    },
    chart: rendered.chart,
    config: rendered.config,
    manifest: rendered.manifest,
    hooks: rendered.hooks.map(({ hook }) => hook),
    version,
    namespace: policy.namespace,
    // Otherwise it is left open how it was applied: the official program then rolls back by a patch, which no owner of a
    // field refuses.
    ...(before?.apply_method && { apply_method: before.apply_method }),
  };
}
