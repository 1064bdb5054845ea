import type { ReportInput } from "#core/app/app-report.ts";
import { detailsOf } from "./argo-details.ts";
import { type ExclusionSettings, isExcluded } from "./settings-exclusions.ts";

/** A report that says nothing of what the settings exclude. */
export function withoutExcluded(input: ReportInput, exclusions: ExclusionSettings): ReportInput {
  const { app, report } = input;
  if (!app) return input;
  const { cluster } = detailsOf(app);
  const objects = report.objects.filter(({ id }) => !isExcluded(exclusions, id, cluster));
  return objects.length === report.objects.length ? input : { ...input, report: { ...report, objects } };
}
