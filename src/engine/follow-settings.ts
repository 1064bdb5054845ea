import type { Dialect } from "#core/app/dialect.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { TaskGroup } from "#async/task-group.ts";
import { referencedData } from "./followed-objects.ts";
import { followNamed } from "./follow-named.ts";
import { knownKind } from "./known-kind.ts";
import type { ClusterClient, EventSink, KindInfo, Log } from "./ports.ts";

/** Where settings are read, and who is told what they come to. */
export interface SettingsReading {
  readonly client: ClusterClient;
  readonly events: EventSink;
  readonly log: Log;
  readonly random: () => number;
  /** Owns the watches. */
  readonly tasks: TaskGroup;
  readonly onChange: (dialect: Dialect) => void;
}

const CONFIG_MAP = { group: "", version: "v1", kind: "ConfigMap" } as const;

/** Reads the ConfigMaps that a dialect's behaviour depends on, then keeps following them: one watch for each. */
export async function followSettings(reading: SettingsReading, dialect: Dialect, signal: AbortSignal): Promise<void> {
  const { settings } = dialect;
  if (!settings) return;
  const { client, random, log } = reading;
  const unknown = (reason: string) => log.warn({ reason }, "waiting until settings can be read");
  const lookup = await knownKind(client, { kind: CONFIG_MAP, unknown, random }, signal);
  if (lookup.known !== "yes") return;
  const followed = new FollowedSettings(reading, dialect);
  await Promise.all(settings.names.map((name) => followed.follow(name, lookup.info, signal)));
  followed.begin();
}

/** What the settings objects of one dialect say now. */
class FollowedSettings {
  readonly #reading: SettingsReading;
  readonly #objects = new Map<string, Resource>();
  #dialect: Dialect;
  /** What was taken in last; null: nothing before all is read. */
  #known: string | null = null;

  constructor(reading: SettingsReading, dialect: Dialect) {
    this.#reading = reading;
    this.#dialect = dialect;
  }

  /** Follows one object; resolves when it was read. */
  follow(name: string, info: KindInfo, signal: AbortSignal): Promise<void> {
    const namespace = this.#dialect.settings?.namespace ?? "";
    const take = (object: Resource | null) => this.#take(name, object);
    return followNamed(this.#reading, { info, namespace, name, take }, signal);
  }

  /** All was read: from now on every change counts. */
  begin(): void {
    this.#known = "";
    this.#changed();
  }

  #take(name: string, object: Resource | null): void {
    if (object) this.#objects.set(name, object);
    else this.#objects.delete(name);
    if (this.#known !== null) this.#changed();
  }

  #changed(): void {
    const { settings } = this.#dialect;
    const data = Object.fromEntries([...this.#objects].map(([name, object]) => [name, referencedData(object).text]));
    const said = stableText(data);
    if (!settings || said === this.#known) return;
    this.#known = said;
    const { dialect, problems } = settings.configured(data);
    for (const { object, path, message } of problems) this.#warn(object, path, message);
    this.#dialect = dialect;
    this.#reading.onChange(dialect);
  }

  #warn(name: string, key: string, message: string): void {
    const { log, events } = this.#reading;
    log.warn({ settings: name, key, problem: message }, "a setting cannot be used; what counted before counts on");
    const object = this.#objects.get(name);
    const note = { type: "Warning", reason: "InvalidSetting", message: `${key}: ${message}`, annotations: {} } as const;
    if (object) events.push(object, this.#dialect.rules.eventSource, [note]);
  }
}
