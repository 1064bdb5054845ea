import { SettingError, shown, type SettingValues } from "./setting-values.ts";

/** Limits of syncs. */
export interface SyncSettings {
  /** The longest that one sync may take; null: the usual bound. */
  readonly timeoutMs: number | null;
  /** Waits between one healing of an app and the next; null: none. */
  readonly heal: { readonly baseMs: number; readonly factor: number; readonly maxMs: number } | null;
}

/** Healing without waits, and no limit but the usual. */
export const usualSync: SyncSettings = { timeoutMs: null, heal: null };

const OBJECT = "argocd-cmd-params-cm";
const HEAL = "controller.self.heal";

/** Reads the limit of syncs, and the waits between healings where somebody has set any of them. */
export function parseSync(values: SettingValues, before: SyncSettings): SyncSettings {
  const read = (key: string, usual: number, known: number | undefined) =>
    values.read({ object: OBJECT, key }, { usual, before: known ?? usual }, wholeNumber);
  const seconds = (key: string, usual: number, known: number | undefined) =>
    read(key, usual, known === undefined ? undefined : known / 1_000) * 1_000;
  const timeoutMs = seconds("controller.sync.timeout.seconds", 0, before.timeoutMs ?? 0);
  const fixedMs = seconds(`${HEAL}.timeout.seconds`, 0, undefined);
  const baseMs = seconds(`${HEAL}.backoff.timeout.seconds`, fixedMs / 1_000, before.heal?.baseMs);
  const isFixed = values.text(OBJECT, `${HEAL}.backoff.timeout.seconds`) === undefined;
  const factor = read(`${HEAL}.backoff.factor`, isFixed ? 1 : 3, before.heal?.factor);
  const maxMs = seconds(`${HEAL}.backoff.cap.seconds`, isFixed ? fixedMs / 1_000 : 300, before.heal?.maxMs);
  return { timeoutMs: timeoutMs === 0 ? null : timeoutMs, heal: baseMs === 0 ? null : { baseMs, factor, maxMs } };
}

function wholeNumber(text: string): number {
  if (!/^\d{1,8}$/.test(text)) throw new SettingError(`${shown(text)} is not a whole number`);
  return Number(text);
}
