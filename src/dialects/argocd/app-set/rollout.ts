import type { AppSet, SetRollout } from "#core/app/app-set.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { withoutNulls } from "../fields.ts";
import { timeText } from "../status-time.ts";
import { type MemberState, memberStateOf } from "./member-state.ts";
import { specOf } from "./set-spec.ts";
import type { SetSpecFields, SetStatusFields } from "./set-schema.ts";

type Row = NonNullable<SetStatusFields["applicationStatus"]>[number];
type Step = NonNullable<NonNullable<NonNullable<SetSpecFields["strategy"]>["rollingSync"]>["steps"]>[number];

/** An app of a rollout: its step (−1 for none), what it is now, and the row that tells where it stands. */
interface Member {
  readonly name: string;
  readonly step: number;
  readonly state: MemberState | null;
  readonly row: Row | null;
}

const MESSAGES = {
  new: "No Application status found, defaulting status to Waiting.",
  outdated: "Application has pending changes, setting status to Waiting.",
  pending: "Application moved to Pending status, watching for the Application resource to start Progressing.",
  synced: "Application resource completed a sync successfully, updating status from Pending to Progressing.",
  progressing: "Application resource became Progressing, updating status from Pending to Progressing.",
  already: "Application resource is already Healthy, updating status from Waiting to Healthy.",
  healthy: "Application resource became Healthy, updating status from Progressing to Healthy.",
} as const;

/** The steps of a set whose Applications are synced one group after the other; null: it has none. */
export function stepsOf({ strategy }: SetSpecFields): readonly Step[] | null {
  const steps = strategy?.type === "RollingSync" ? (strategy.rollingSync?.steps ?? []) : [];
  return steps.length > 0 ? steps : null;
}

/**
 * Where a set's rollout stands, which Applications are ordered to sync now, and the Applications as they shall be: none
 * syncs by itself.
 */
export function rollout(
  set: AppSet,
  {
    wanted,
    live,
    now,
  }: { readonly wanted: readonly Resource[]; readonly live: readonly Resource[]; readonly now: number },
): SetRollout {
  const steps = stepsOf(specOf(set.object));
  if (steps === null) return { apps: wanted, orders: new Map(), rows: null };
  const { applicationStatus = [] } = (withoutNulls(set.object["status"]) ?? {}) as SetStatusFields;
  const byName = new Map(live.map((app) => [app.metadata.name, app]));
  const rowOf = new Map(applicationStatus.map((row) => [row.application, row]));
  const members = wanted.map((app): Member => {
    const { name } = app.metadata;
    const found = byName.get(name);
    const state = found ? memberStateOf(found) : null;
    const known = rowOf.get(name);
    const step = steps.findIndex((one) => isOfStep(labelsOf(app), one));
    return { name, step, state, row: state && advanced(state, { known: known ?? null, name, step, now }) };
  });
  const open = openSteps(members, steps.length);
  const rows = started(members, { steps, open, now });
  const orders = new Map<string, unknown>();
  const pending = new Set(rows.filter(({ status }) => status === "Pending").map(({ application }) => application));
  for (const [index, app] of wanted.entries()) {
    const { name } = app.metadata;
    const state = members[index]?.state;
    if (pending.has(name) && state?.isOutOfSync && !state.isBusy) orders.set(name, orderOf(app));
  }
  return { apps: wanted.map(withoutAutomation), orders, rows };
}

/** Whether a step selects what has these labels. */
export function isOfStep(labels: Readonly<Record<string, string>>, { matchExpressions = [] }: Step): boolean {
  return matchExpressions.every(({ key = "", operator = "", values = [] }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (operator === "In") return value !== undefined && values.includes(value);
    return operator === "NotIn" && (value === undefined || !values.includes(value));
  });
}

/** Where an Application stands after what became of it. */
function advanced(
  state: MemberState,
  {
    known,
    name,
    step,
    now,
  }: { readonly known: Row | null; readonly name: string; readonly step: number; readonly now: number },
): Row {
  const move = (row: Row, status: string, message: string): Row => ({
    ...row,
    status,
    message,
    step: stepText(step),
    lastTransitionTime: timeText(now),
  });
  const blank = { application: name, status: "", step: "", message: "", targetRevisions: [...state.revisions] };
  let row: Row = known ?? move(blank, "Waiting", MESSAGES.new);
  const isOutdated = state.isOutOfSync && !state.hasFailed;
  if (isOutdated && row.status !== "Waiting" && row.status !== "Pending") {
    row = { ...move(row, "Waiting", MESSAGES.outdated), targetRevisions: [...state.revisions] };
  }
  if (row.status === "Pending" && state.isSynced) row = move(row, "Progressing", MESSAGES.synced);
  else if (row.status === "Pending" && (state.isBusy || state.isProgressing)) {
    row = move(row, "Progressing", MESSAGES.progressing);
  }
  if (row.status === "Waiting" && state.isHealthy) row = move(row, "Healthy", MESSAGES.already);
  if (row.status === "Progressing" && state.isHealthy) row = move(row, "Healthy", MESSAGES.healthy);
  return row.step === stepText(step) ? row : { ...row, step: stepText(step) };
}

/** How many steps may be synced: all that are healthy, and the one after them. */
function openSteps(members: readonly Member[], count: number): number {
  for (let step = 0; step < count; step++) {
    const isDone = members.every((member) => {
      return member.step !== step || (member.state?.isHealthy === true && member.row?.status === "Healthy");
    });
    if (!isDone) return step + 1;
  }
  return count;
}

/** Lets as many Applications of each open step begin as it allows. */
function started(
  members: readonly Member[],
  { steps, open, now }: { readonly steps: readonly Step[]; readonly open: number; readonly now: number },
): readonly Row[] {
  const rows: Row[] = [];
  const isUnderWay = ({ row }: Member) => row?.status === "Pending" || row?.status === "Progressing";
  const left = steps.map(({ maxUpdate }, index) => {
    const own = members.filter(({ step }) => step === index);
    return limitOf(maxUpdate, own.length) - own.filter(isUnderWay).length;
  });
  const first = firstSteps(members);
  for (const member of members) {
    const { row, step } = member;
    if (!row) continue;
    const isNext = step >= 0 && step < open && row.status === "Waiting" && (left[step] ?? 0) > 0;
    const mayStart = isNext && !overtakes(member, first);
    if (mayStart) left[step] = (left[step] ?? 0) - 1;
    rows.push(
      mayStart ? { ...row, status: "Pending", message: MESSAGES.pending, lastTransitionTime: timeText(now) } : row,
    );
  }
  return rows;
}

type FirstSteps = ReadonlyMap<string | undefined, ReadonlyMap<string, number>>;

/** The first step in which apps of the same source are at some revisions, by source and revisions. */
function firstSteps(members: readonly Member[]): FirstSteps {
  const all = new Map<string | undefined, Map<string, number>>();
  for (const { state, step } of members) {
    if (step < 0) continue;
    const ofSource = all.get(state?.follows) ?? new Map<string, number>();
    const revisions = stableText(state?.revisions);
    all.set(state?.follows, ofSource.set(revisions, Math.min(step, ofSource.get(revisions) ?? step)));
  }
  return all;
}

/** Whether an app of an earlier step has not looked yet at what this one has of the same source. */
function overtakes({ state, step }: Member, first: FirstSteps): boolean {
  const own = stableText(state?.revisions);
  return [...(first.get(state?.follows) ?? [])].some(([revisions, other]) => revisions !== own && other < step);
}

/** A number, or a share that is at least one unless it is none; absent: all. */
function limitOf(maxUpdate: number | string | undefined, total: number): number {
  if (maxUpdate === undefined) return total;
  const share = /^(\d+)%$/.exec(String(maxUpdate))?.[1];
  if (share === undefined) return Number(maxUpdate);
  return share === "0" ? 0 : Math.max(1, Math.floor((total * Number(share)) / 100));
}

function stepText(step: number): string {
  return String(step < 0 ? -1 : step + 1);
}

interface Policy {
  readonly automated?: { readonly prune?: boolean };
  readonly retry?: unknown;
  readonly syncOptions?: readonly string[];
}

function policyOf(app: Resource): Policy | undefined {
  return (app["spec"] as { readonly syncPolicy?: Policy }).syncPolicy;
}

function withoutAutomation(app: Resource): Resource {
  const policy = policyOf(app);
  if (policy?.automated === undefined) return app;
  const { automated: _automated, ...syncPolicy } = policy;
  return { ...app, spec: { ...(app["spec"] as object), syncPolicy } };
}

function orderOf(app: Resource): unknown {
  const { automated, retry, syncOptions } = policyOf(app) ?? {};
  return {
    initiatedBy: { username: "applicationset-controller", automated: true },
    info: [{ name: "Reason", value: "ApplicationSet RollingSync triggered a sync of this Application resource" }],
    sync: { prune: automated?.prune ?? false, ...(syncOptions && { syncOptions }) },
    ...(retry !== undefined && { retry }),
  };
}
