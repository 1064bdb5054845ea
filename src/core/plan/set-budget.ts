import type { SetBudget } from "#core/app/app-set.ts";

const SMALL_SET = 20;

/**
 * Why apps may not go without a person's approval because a set does not generate them any more; null when they may.
 * `recorded`: the set's apps; `doomed`: how many of them are to go.
 */
export function setBudgetRefusal(counts: { recorded: number; doomed: number }, budget: SetBudget): string | null {
  const { recorded, doomed } = counts;
  if (doomed === 0) return null;
  const share = `${doomed} of ${recorded}`;
  const { limit, isPassing } = budget;
  if (limit !== null) {
    const allowed = "count" in limit ? limit.count : Math.floor((recorded * limit.percent) / 100);
    return doomed > allowed
      ? `the change would delete more applications than its limit of ${allowed} (${share})`
      : null;
  }
  if (doomed * 2 > recorded && recorded > SMALL_SET) {
    return `the change would delete more than half of the applications (${share})`;
  }
  return doomed >= recorded && !isPassing ? `the change would delete every application (${share})` : null;
}
