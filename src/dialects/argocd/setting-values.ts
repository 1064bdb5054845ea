import type { SettingsData, SettingsProblem } from "#core/app/dialect.ts";

/** The keys of the settings ConfigMaps, and the problems that were found in reading them. */
export interface SettingValues {
  readonly problems: readonly SettingsProblem[];
  /** The keys of one ConfigMap. */
  keys(object: string): readonly string[];
  /** The text of a key; undefined when it is absent. Surrounding space means nothing. */
  text(object: string, key: string): string | undefined;
  /**
   * What `parse` makes of a key: `usual` when it is absent or empty, `before` when `parse` throws SettingError, which is
   * told.
   */
  read<T>(key: SettingKey, choices: { usual: T; before: T }, parse: (text: string) => T): T;
}

/** A key of one of the ConfigMaps. */
export interface SettingKey {
  readonly object: string;
  readonly key: string;
}

/** Why a value cannot be used, in words that go behind its key. */
export class SettingError extends Error {}

/** Reads values from what the ConfigMaps hold. */
export function settingValues(data: SettingsData): SettingValues {
  const problems: SettingsProblem[] = [];
  const text = (object: string, key: string) => {
    const found = data[object];
    return found && Object.hasOwn(found, key) ? found[key] && trimmed(found[key]) : undefined;
  };
  return {
    problems,
    keys: (object) => Object.keys(data[object] ?? {}),
    text,
    read: ({ object, key }, { usual, before }, parse) => {
      const written = text(object, key);
      if (!written) return usual;
      try {
        return parse(written);
      } catch (error) {
        if (!(error instanceof SettingError)) throw error;
        problems.push({ object, path: key, message: error.message });
        return before;
      }
    },
  };
}

/** The beginning of a line means something where there are several. */
function trimmed(text: string): string {
  const lines = text.replace(/^(?:[ \t]*\r?\n)+/, "").trimEnd();
  return lines.includes("\n") ? lines : lines.trim();
}

/** `true` or `false` as upstream reads them. @throws SettingError */
export function booleanSetting(text: string): boolean {
  if (["1", "t", "T", "TRUE", "true", "True"].includes(text)) return true;
  if (["0", "f", "F", "FALSE", "false", "False"].includes(text)) return false;
  throw new SettingError(`${shown(text)} is neither true nor false`);
}

/** A value as it may be told: short. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
