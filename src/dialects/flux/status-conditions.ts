import { fieldAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { timeText } from "./time-text.ts";

/** What a condition shall say. */
export interface ConditionMark {
  readonly status: "True" | "False" | "Unknown";
  readonly reason: string;
  readonly message: string;
}

/** Conditions to set by type; null removes one, and those not named stay as they are. */
export type ConditionMarks = Readonly<Record<string, ConditionMark | null | undefined>>;

/** Upstream's bound on messages. */
const longestMessage = 20_000;

/** Types that stand first, in this order: fluxcd/pkg runtime/conditions/setter.go@e2cfd1a. */
const firstTypes: readonly string[] = ["Stalled", "Reconciling", "Ready"];

/** The object's `status.conditions` after some marks. A time moves only when a status changes. */
export function markedConditions(object: Resource, marks: ConditionMarks, now: number): readonly unknown[] {
  const old = fieldAt(object, ["status", "conditions"]);
  const entries: readonly unknown[] = Array.isArray(old) ? old : [];
  const kept = entries.filter((entry) => marks[textAt(entry, ["type"])] === undefined);
  const set = Object.entries(marks).flatMap(([type, mark]) => {
    if (!mark) return [];
    const before = entries.find((entry) => textAt(entry, ["type"]) === type);
    return [conditionEntry({ type, mark, before }, object.metadata.generation ?? 0, now)];
  });
  return [...kept, ...set].toSorted((a, b) => compareTypes(textAt(a, ["type"]), textAt(b, ["type"])));
}

/** Whether a condition says already what a mark says, but for how long something took. */
export function alreadySays(before: unknown, mark: ConditionMark): boolean {
  if (textAt(before, ["status"]) !== mark.status || textAt(before, ["reason"]) !== mark.reason) return false;
  const said = textAt(before, ["message"]);
  const message = shortened(mark.message);
  return said === message || withoutDurations(said) === withoutDurations(message);
}

function conditionEntry(
  { type, mark, before }: { type: string; mark: ConditionMark; before: unknown },
  generation: number,
  now: number,
): object {
  const sameStatus = textAt(before, ["status"]) === mark.status;
  const since = textAt(before, ["lastTransitionTime"]);
  return {
    lastTransitionTime: sameStatus && since !== "" ? since : timeText(now),
    message: alreadySays(before, mark) ? textAt(before, ["message"]) : shortened(mark.message),
    observedGeneration: generation,
    reason: mark.reason,
    status: mark.status,
    type,
  };
}

function shortened(message: string): string {
  return message.length > longestMessage ? `${message.slice(0, longestMessage - 3)}...` : message;
}

function withoutDurations(message: string): string {
  return message.replace(/\b(after|in) (?:[0-9.]+(?:h|ms|m|s|µs|ns))+/g, "$1 …");
}

function compareTypes(a: string, b: string): number {
  const [first, second] = [a, b].map((type) => {
    const index = firstTypes.indexOf(type);
    return index < 0 ? firstTypes.length : index;
  }) as [number, number];
  if (first !== second) return first - second;
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
