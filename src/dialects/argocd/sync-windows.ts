import { parseCron } from "#core/policy/cron.ts";
import { globMatches } from "#core/policy/glob.ts";
import type { SyncWindow } from "#core/policy/sync-windows.ts";
import { isTimeZone } from "#core/policy/time-zone.ts";
import type { Problem } from "#core/result.ts";
import { durationMs } from "./duration.ts";
import type { ProjectFields } from "./project-schema.ts";

type WindowFields = NonNullable<ProjectFields["syncWindows"]>[number];

/** What the selectors of windows look at. */
export interface WindowedApp {
  readonly name: string;
  readonly namespace: string;
  /** Names of the cluster: its address and what people call it. */
  readonly clusters: readonly string[];
}

const LONGEST_MS = 5 * 366 * 24 * 3_600_000;

/** What is wrong with the windows of a project: while something is, nobody knows what they forbid. */
export function windowProblems(project: string, limits: ProjectFields): Problem[] {
  return (limits.syncWindows ?? []).flatMap((fields, index) => {
    const path = `AppProject ${project}: spec.syncWindows[${index}]`;
    const parsed = parseWindow(fields);
    return typeof parsed === "string" ? [{ path, message: `${path}: ${parsed}` }] : [];
  });
}

/** The windows that are about an application. */
export function windowsOf(limits: ProjectFields, app: WindowedApp): readonly SyncWindow[] {
  return (limits.syncWindows ?? []).flatMap((fields) => {
    const parsed = isAbout(fields, app) ? parseWindow(fields) : "";
    return typeof parsed === "string" ? [] : [parsed];
  });
}

function parseWindow(fields: WindowFields): SyncWindow | string {
  const { kind = "", schedule = "", duration = "", timeZone = "", manualSync = false, syncOverrun = false } = fields;
  if (kind !== "allow" && kind !== "deny") return `kind '${kind.slice(0, 40)}' mismatch: can only be allow or deny`;
  const cron = parseCron(schedule);
  if (!cron.ok) return `cannot parse schedule '${schedule.slice(0, 80)}': ${cron.error}`;
  const length = durationMs(duration);
  if (length === null || length <= 0 || length > LONGEST_MS || /^\d+$/.test(duration)) {
    return `cannot parse duration '${duration.slice(0, 40)}'`;
  }
  const zone = timeZone === "" ? "UTC" : timeZone;
  if (!isTimeZone(zone)) return `cannot parse '${zone.slice(0, 80)}' as time zone`;
  const { description = "" } = fields;
  const note = description === "" ? "" : `, ${description}`;
  return {
    kind,
    schedule: cron.value,
    durationMs: length,
    zone,
    manualSync,
    overrun: syncOverrun,
    text: `${kind} window '${schedule}' for ${duration} (${zone}${note})`,
  };
}

/** Selectors that are empty say nothing; of the others one is enough, or all must fit. */
function isAbout({ applications, namespaces, clusters, andOperator }: WindowFields, app: WindowedApp): boolean {
  const fits = (patterns: readonly string[] | undefined, texts: readonly string[]) =>
    (patterns ?? []).length === 0
      ? []
      : [(patterns ?? []).some((pattern) => texts.some((text) => globMatches(pattern, text)))];
  const verdicts = [
    ...fits(applications, [app.name]),
    ...fits(namespaces, [app.namespace]),
    ...fits(clusters, app.clusters),
  ];
  return verdicts.length > 0 && (andOperator ? verdicts.every(Boolean) : verdicts.some(Boolean));
}
