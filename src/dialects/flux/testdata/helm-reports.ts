import type { AppReport, ObjectWrite } from "#core/app/app-report.ts";
import { usualSettings } from "#core/app/settings.ts";
import { noReleaseMemory, type ReleaseMemory, type ReleaseOutcome } from "#core/release/release-memory.ts";
import type { ReleaseReport } from "#core/release/release-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import { fluxHelmDialect } from "../flux-helm-dialect.ts";
import { captured } from "./captured.ts";
import { report } from "./reports.ts";

/** What a captured status tells of a release. */
export function memoryOf(file: string): ReleaseMemory {
  return fluxHelmDialect.restore(captured(file)).release ?? noReleaseMemory;
}

/** A report of a release of which nothing else is known. */
export function released(memory: ReleaseMemory, more: Partial<ReleaseReport> = {}): ReleaseReport {
  return { memory, released: null, tested: null, remediated: null, running: null, stalled: null, drift: null, ...more };
}

/** How an action on the newest revision of a release ended. */
export function outcome(
  { history: [latest] }: ReleaseMemory,
  ended: Pick<ReleaseOutcome, "action"> & Partial<ReleaseOutcome>,
): ReleaseOutcome {
  const about = {
    release: `${latest?.namespace}/${latest?.name}`,
    chart: `${latest?.chartName}@${latest?.chartVersion}`,
  };
  return { ok: true, snapshot: latest ?? null, about, message: "", generation: 1, ...ended };
}

/** What is written on an object for a report. */
export function written(object: Resource, says: Partial<AppReport>): ObjectWrite {
  const parsed = fluxHelmDialect.parseApp(object, () => null, usualSettings("flux-system"));
  return fluxHelmDialect.reportApp({ object, app: parsed.ok ? parsed.value : null, report: report(says) });
}

/** The object as it was created, with the status that the definition gives it. */
export function fresh(object: Resource): Resource {
  return { ...object, status: { observedGeneration: -1 } };
}

/** The conditions of a status by type. */
export function conditionsIn({ status }: Pick<ObjectWrite, "status">): Readonly<Record<string, readonly string[]>> {
  const { conditions = [] } = status as { conditions?: readonly Record<string, string>[] };
  return Object.fromEntries(
    conditions.map(({ type, status: value, reason, message }) => [type, [value, reason, message] as string[]]),
  );
}
