import type { AppKey } from "#core/app/app.ts";
import type { ObjectOptions } from "#core/app/rules.ts";
import type { StageGate, StageKey } from "#core/order/stage.ts";
import type { IdKey, ResourceId } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { HookTask } from "#core/sync/hook.ts";
import type { DeletionCertificate } from "./deletion.ts";

/**
 * What happens to one object.
 * - `create`, `update`: applied; `none`: already as declared.
 * - `delete`: carries its certificate. `keep`: stays on the cluster on purpose and leaves the inventory.
 * - `hold`: would be deleted, but a rule or the budget refuses; stays in the inventory.
 * - `run`: written without being kept up afterwards. `clear`: what an earlier run left is deleted. `retire`: what this
 *   sync's own run left is let go, or deleted as its policy says.
 */
export type Action = "create" | "update" | "none" | "delete" | "keep" | "hold" | "run" | "clear" | "retire";

/** One object's part in a plan. */
export interface Change {
  readonly key: IdKey;
  readonly id: ResourceId;
  readonly version: string;
  readonly action: Action;
  /** Why, in words for a person. */
  readonly reason: string;
  /** Fields that differ, as JSON pointers, for updates. */
  readonly paths: readonly string[];
  /** The object to write; absent for deletions. */
  readonly desired: Resource | null;
  readonly options: ObjectOptions | null;
  readonly certificate: DeletionCertificate | null;
  /** Which run of a hook this is about; absent: none that the sync keeps account of. */
  readonly hook?: HookTask;
}

/** Changes that are carried out together, and what must hold before the next stage. */
export interface Stage {
  readonly key: StageKey;
  readonly gate: StageGate;
  readonly changes: readonly Change[];
  /**
   * What the gate is about, and that it holds even when nothing comes after; absent: the stage's own objects, and only
   * while there is later work.
   */
  readonly awaits?: readonly IdKey[];
  /** What the stage is for, as messages begin; absent: nothing that people must be told. */
  readonly title?: string;
  /** Only after a failure, or however the sync ends; absent: in its course. */
  readonly when?: "failed" | "always";
}

/** Everything a sync will do, as data: the command line, the API and the tests show this value. */
export interface Plan {
  readonly app: AppKey;
  readonly revision: string;
  readonly stages: readonly Stage[];
  /** Why deletions are held, when they are. */
  readonly held: readonly string[];
  /** Deletions that wait for an approval, or for what must be read before they are judged. */
  readonly waiting: number;
  /** Identifies what an approval approves: the held deletions with their UIDs. */
  readonly digest: string;
}

/** Every change of a plan, in order. */
export function changesOf(plan: Plan): Change[] {
  return plan.stages.flatMap((stage) => stage.changes);
}

/** Whether carrying the plan out would send anything to the cluster. */
export function isIdle(plan: Plan): boolean {
  return changesOf(plan).every((change) => change.action === "none" || change.action === "hold");
}
