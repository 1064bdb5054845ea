import { DeadlineError, sleep, withDeadline } from "#async/with-deadline.ts";
import { appKey } from "#core/app/app.ts";
import { textAt } from "#core/health/condition.ts";
import type { AppView } from "#contract/app-view.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, type FoundApp, refOfApp } from "./cli-app-record.ts";
import { appView } from "./cli-app-view.ts";
import type { Asked } from "./cli-reconcile.ts";
import { vendorSettings } from "./cli-session.ts";

/** What to wait for. */
export interface WaitGoal extends Asked {
  /** The commit that must be applied; undefined: whatever is there once the request was handled. */
  readonly commit?: string | undefined;
  /** Only what was ordered counts: another revision or some of the objects leave the app out of sync. */
  readonly orderOnly?: boolean;
  readonly timeoutMs: number;
  /** Told what the app says, whenever that changes. */
  readonly onProgress: (text: string) => void;
}

const POLL_MS = 300;
const WELL: readonly string[] = ["", "Healthy", "Suspended"];

/** Waits until an app is synced and healthy. @throws CliError when it fails, or does not get there in time */
export async function waitForApp({ client, record }: FoundApp, goal: WaitGoal, signal: AbortSignal): Promise<AppView> {
  const { onProgress, timeoutMs } = goal;
  let last = "";
  try {
    return await withDeadline(signal, timeoutMs, async (scope) => {
      for (;;) {
        const now = await lookAt(client, record, scope);
        const view = appView(now, () => null);
        const { state, health, message } = view;
        last = `${state}${health === "" ? "" : `, ${health}`}${message === "" ? "" : `: ${message}`}`;
        onProgress(`${record.key} ${last}`);
        const verdict = verdictOf(now, view, goal);
        if (verdict === "reached") return view;
        if (verdict === "failed") throw notHealthy(`${record.key} failed: ${message}`, record);
        await sleep(POLL_MS, scope);
      }
    });
  } catch (error) {
    if (signal.aborted || !isDeadline(error)) throw error;
    throw notHealthy(
      `${record.key} did not get there within ${Math.round(timeoutMs / 1_000)} s. It is ${last}`,
      record,
    );
  }
}

/** Waits until the operation that was asked for has ended, however. @throws CliError when it failed or takes too long */
export async function waitForOperation(
  { client, record }: FoundApp,
  { operationAfter, timeoutMs, onProgress }: WaitGoal,
  signal: AbortSignal,
): Promise<AppRecord> {
  return withDeadline(signal, timeoutMs, async (scope) => {
    for (;;) {
      const now = await lookAt(client, record, scope);
      const message = textAt(now.object, ["status", "operationState", "message"]);
      if (operationAfter === null || isAnswered(now, operationAfter)) {
        if (phaseOf(now) === "Succeeded") return now;
        throw notHealthy(`${record.key} failed: ${message}`, record);
      }
      onProgress(`${record.key} ${message}`);
      await sleep(POLL_MS, scope);
    }
  });
}

function isDeadline(error: unknown): boolean {
  return error instanceof DeadlineError || (error instanceof Error && error.cause instanceof DeadlineError);
}

async function lookAt(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<AppRecord> {
  const object = await client.get(refOfApp(record), { signal });
  if (!object) throw new CliError(`Cannot wait for ${record.key}: it is gone`, { exitCode: exitCode.notFound });
  const { kind, dialect } = record;
  const key = appKey(kind.short, object.metadata.namespace ?? "", object.metadata.name);
  const parsed = dialect.parseApp(object, () => null, vendorSettings);
  // Configuration objects were looked up when the app was found; they are not read again here.
  return { ...record, key, object, parsed: parsed.ok ? parsed : record.parsed };
}

function verdictOf(record: AppRecord, view: AppView, goal: WaitGoal): "reached" | "failed" | "waiting" {
  const { object, dialect } = record;
  const restored = dialect.restore(object);
  if (view.state === "Suspended" || view.state === "Paused" || view.state === "Deleting") return "failed";
  if (goal.token !== null && restored.handledToken !== goal.token) return "waiting";
  if (goal.operationAfter !== null && !isAnswered(record, goal.operationAfter)) return "waiting";
  if (goal.orderOnly) {
    if (phaseOf(record) !== "Succeeded") return "failed";
    return WELL.includes(view.health) ? "reached" : "waiting";
  }
  const isThere = goal.commit === undefined || restored.applied?.commit === goal.commit;
  if (view.state === "Ready" && isThere && restored.isCurrent && WELL.includes(view.health)) return "reached";
  const isTried = goal.commit === undefined || restored.attempted?.commit === goal.commit;
  return view.state === "Failed" && isTried && restored.isCurrent ? "failed" : "waiting";
}

function isAnswered(record: AppRecord, after: number): boolean {
  const { object } = record;
  const startedAt = Date.parse(textAt(object, ["status", "operationState", "startedAt"]));
  return object["operation"] === undefined && startedAt >= after && phaseOf(record) !== "Running";
}

function phaseOf({ object }: AppRecord): string {
  return textAt(object, ["status", "operationState", "phase"]);
}

function notHealthy(message: string, record: AppRecord): CliError {
  const advice = `See what it waits for: holdfast why ${record.key}`;
  return new CliError(message, { advice, exitCode: exitCode.notHealthy });
}
