import type { HealthStatus } from "#core/health/health.ts";
import type { Place, Sign, SignRow } from "#core/health/signs.ts";

/** How kinds are judged, by `group/Kind`. */
export type KindRows = Readonly<Record<string, readonly SignRow[]>>;

const CONDITIONS = "status/conditions";

/** Healthy where the sign is shown. */
export const healthy = (sign: Sign, says: string | null = null): SignRow => row("Healthy", sign, says);
/** Progressing where the sign is shown. */
export const progressing = (sign: Sign, says: string | null = null): SignRow => row("Progressing", sign, says);
/** Degraded where the sign is shown. */
export const degraded = (sign: Sign, says: string | null = null): SignRow => row("Degraded", sign, says);
/** Suspended where the sign is shown. */
export const suspended = (sign: Sign, says: string | null = null): SignRow => row("Suspended", sign, says);
/** Unknown where the sign is shown. */
export const unknown = (sign: Sign, says: string | null = null): SignRow => row("Unknown", sign, says);

/** A condition of one of these types is true. */
export const is = (...types: readonly string[]): Sign => condition(types, ["True"]);
/** A condition of one of these types is false. */
export const no = (...types: readonly string[]): Sign => condition(types, ["False"]);
/** A condition of one of these types is undecided. */
export const undecided = (...types: readonly string[]): Sign => condition(types, ["Unknown"]);
/** A condition of a type has one of these reasons, whatever its status. */
export const because = (type: string, ...reasons: readonly string[]): Sign => condition([type], [], { reasons });

/** A condition as the other words cannot say it; no types, statuses, reasons or severities: any. */
export function condition(
  types: readonly string[],
  statuses: readonly string[],
  more: Partial<Pick<Extract<Sign, { kind: "condition" }>, "reasons" | "severities" | "at" | "age">> = {},
): Sign {
  return { kind: "condition", types, statuses, reasons: [], severities: [], at: CONDITIONS, age: "any", ...more };
}

/** The field has one of these values; null: none. */
export const field = (at: Place, ...values: readonly (string | number | boolean | null)[]): Sign => ({
  kind: "field",
  at,
  values,
});
/** `status.phase` is one of these. */
export const phase = (...values: readonly string[]): Sign => field("status/phase", ...values);
/** `status.state` is one of these. */
export const state = (...values: readonly string[]): Sign => field("status/state", ...values);
/** The field is there and not empty. */
export const filled = (at: Place): Sign => ({ kind: "filled", at });
/** One number is less than another, which stands for `otherwise` where it is absent. */
export const less = (at: Place, than: Place, otherwise = 1): Sign => ({ kind: "less", at, than, otherwise });
/** Text such as `1/3` says that none, some or all of them are ready. */
export const share = (at: Place, of: "none" | "some" | "all"): Sign => ({ kind: "share", at, of });
/** Two fields differ. */
export const differs = (at: Place, from: Place): Sign => ({ kind: "differs", at, from });
/** The status is about an older generation. */
export const behind: Sign = { kind: "behind", strict: false };
/** The status is about an older generation, or does not say about which. */
export const unobserved: Sign = { kind: "behind", strict: true };
/** All of these. */
export const all = (...signs: readonly Sign[]): Sign => ({ kind: "all", signs });
/** What every object shows. */
export const always: Sign = all();
/** Not this. */
export const not = (sign: Sign): Sign => ({ kind: "not", sign });

/** Rows for several kinds of one group. */
export function each(group: string, kinds: readonly string[], rows: readonly SignRow[]): KindRows {
  return Object.fromEntries(kinds.map((kind) => [`${group}/${kind}`, rows]));
}

/** Most operators: `Ready` says all. */
export const readyRows: readonly SignRow[] = [progressing(behind), degraded(no("Ready")), healthy(is("Ready"))];
/** Operators whose `Ready` is false also while they work. */
export const readyInTime: readonly SignRow[] = [progressing(behind), healthy(is("Ready")), progressing(no("Ready"))];
/** Operators that tell failure and progress apart by conditions of their own. */
export const stalledRows: readonly SignRow[] = [
  suspended(field("spec/suspend", true), "it is suspended"),
  progressing(behind),
  degraded(is("Stalled")),
  progressing(is("Reconciling")),
  degraded(no("Ready")),
  healthy(is("Ready")),
];

function row(status: HealthStatus, sign: Sign, says: string | null): SignRow {
  return { status, sign, says };
}
