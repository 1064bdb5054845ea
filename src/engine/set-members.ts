import type { AppKey } from "#core/app/app.ts";
import type { Dialect } from "#core/app/dialect.ts";
import type { AppRegistry, AppRecord } from "./app-registry.ts";

/** Which apps belong to which set, by the uid of the set. */
export class SetMembers {
  readonly #registry: Pick<AppRegistry, "app">;
  readonly #members = new Map<string, Set<AppKey>>();
  readonly #owners = new Map<AppKey, string>();

  constructor(registry: Pick<AppRegistry, "app">) {
    this.#registry = registry;
  }

  /** Takes note that an app changed or went; returns the uids of the sets that it belonged and belongs to. */
  note(key: AppKey, dialect: Dialect | null): readonly string[] {
    const record = this.#registry.app(key);
    const rules = (record?.dialect ?? dialect)?.sets;
    const before = this.#owners.get(key);
    const now = record && rules ? rules.ownerOf(record.object) : null;
    if (before !== undefined && before !== now) this.#members.get(before)?.delete(key);
    if (now === null) this.#owners.delete(key);
    else {
      this.#owners.set(key, now);
      this.#members.set(now, (this.#members.get(now) ?? new Set()).add(key));
    }
    return [...new Set([before, now])].filter((uid) => typeof uid === "string");
  }

  /** The set that an app belongs to. */
  ownerOf(key: AppKey): string | null {
    return this.#owners.get(key) ?? null;
  }

  /** How many apps a set has. */
  count(uid: string): number {
    return this.#members.get(uid)?.size ?? 0;
  }

  /** The apps of a set. */
  of(uid: string): readonly AppRecord[] {
    return [...(this.#members.get(uid) ?? [])].flatMap((key) => this.#registry.app(key) ?? []);
  }
}
