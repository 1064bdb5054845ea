import type { Problem } from "#core/result.ts";

/** Sync options that stand on an app or on one object; null: not said there. */
export interface SyncOptions {
  readonly prune: boolean | "confirm" | null;
  readonly delete: boolean | "confirm" | null;
  readonly replace: boolean | null;
  readonly force: boolean | null;
  readonly createNamespace: boolean | null;
  readonly pruneLast: boolean | null;
  readonly respectIgnored: boolean | null;
  readonly failOnShared: boolean | null;
  readonly validate: boolean | null;
  readonly skipMissing: boolean | null;
  readonly migrate: boolean | null;
  readonly propagation: "Background" | "Foreground" | "Orphan" | null;
}

/** Sync options together with what is wrong with them. */
export interface ReadOptions {
  readonly options: SyncOptions;
  readonly warnings: readonly Problem[];
}

const SWITCHES: Readonly<Record<string, keyof SyncOptions>> = {
  Prune: "prune",
  Delete: "delete",
  Replace: "replace",
  Force: "force",
  CreateNamespace: "createNamespace",
  PruneLast: "pruneLast",
  RespectIgnoreDifferences: "respectIgnored",
  FailOnSharedResource: "failOnShared",
  Validate: "validate",
  SkipDryRunOnMissingResource: "skipMissing",
  ClientSideApplyMigration: "migrate",
};

/** Those of them that may wait for a person's word. */
const CONFIRMED: ReadonlySet<string> = new Set(["Prune", "Delete"]);

/** Options that ask for what always happens here: only what differs is written, and always by server-side apply. */
const INHERENT = new Set(["ApplyOutOfSyncOnly", "ServerSideApply"]);

const PROPAGATION = { background: "Background", foreground: "Foreground", orphan: "Orphan" } as const;

const NONE: SyncOptions = {
  prune: null,
  delete: null,
  replace: null,
  force: null,
  createNamespace: null,
  pruneLast: null,
  respectIgnored: null,
  failOnShared: null,
  validate: null,
  skipMissing: null,
  migrate: null,
  propagation: null,
};

/** Reads `Name=value` options; `place` is the field or annotation that holds them. */
export function readSyncOptions(entries: readonly string[], place: string): ReadOptions {
  const options: Record<string, unknown> = { ...NONE };
  const warnings: Problem[] = [];
  for (const entry of entries) {
    const [name = "", value = ""] = splitOption(entry);
    const target = SWITCHES[name];
    if (target && (value === "true" || value === "false")) options[target] = value === "true";
    else if (target && value === "confirm" && CONFIRMED.has(name)) options[target] = "confirm";
    else if (entry === "ServerSideApply=false")
      warnings.push({
        path: place,
        message: `sync option ${entry} in ${place}: objects are always applied by the server`,
      });
    else if (name === "PrunePropagationPolicy" && value in PROPAGATION) {
      options["propagation"] = PROPAGATION[value as keyof typeof PROPAGATION];
    } else if (!INHERENT.has(name) && entry !== "") {
      warnings.push({ path: place, message: `sync option ${JSON.stringify(entry)} in ${place} has no effect` });
    }
  }
  return { options: options as unknown as SyncOptions, warnings };
}

/** Splits the value of an annotation that holds a comma-separated list. */
export function listOf(annotation: string | undefined): readonly string[] {
  return (annotation ?? "")
    .split(",")
    .map((entry) => entry.trim())
    .filter((entry) => entry !== "");
}

function splitOption(entry: string): readonly string[] {
  const at = entry.indexOf("=");
  return at < 0 ? [entry] : [entry.slice(0, at), entry.slice(at + 1)];
}
