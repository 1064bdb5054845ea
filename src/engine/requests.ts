import type { App } from "#core/app/app.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { Impersonation } from "./ports.ts";

/** The identity that requests for an app's objects act as; an empty one is refused rather than dropped. */
export function asUser(app: App): { as?: Impersonation } {
  const user = app.target.impersonate;
  if (user === null) return {};
  if (user === "") throw new Error(`Cannot act for ${app.key}: the impersonated user is empty`);
  return { as: { user } };
}

/** A failure as one line for a person. */
export function failureText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Whether the server refused a change because the field cannot be changed in place. */
export function isImmutable(error: unknown): boolean {
  if (!(error instanceof ApiError) || error.code !== 422) return false;
  return error.causes.some((cause) => /immutable|may not be changed|forbidden: updates to/i.test(cause.message ?? ""));
}

/** Runs `work` over items, at most `limit` at once; rejects with the first failure after all have stopped. */
export async function eachInParallel<T>(
  items: readonly T[],
  limit: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const queue = [...items];
  const failures: unknown[] = [];
  const lane = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined && failures.length === 0; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, lane));
  if (failures.length > 0) throw failures[0];
}
