import type { HealthScript } from "#core/health/health.ts";
import type { ScriptValue } from "#core/health/script-health.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Result } from "#core/result.ts";

/** Something that may be done to an object. */
export interface ObjectAction {
  readonly name: string;
  /** What people read in place of the name; null: the name. */
  readonly displayName: string | null;
  /** It means nothing for the object as it is now. */
  readonly disabled: boolean;
  readonly params: readonly { readonly name: string; readonly default: string | null }[];
}

/** What a person chose for an action, and when. */
export interface ActionChoice {
  readonly params: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/** An object as an action wants it to be: a new one, or one that is there. */
export interface ActionChange {
  readonly operation: "create" | "patch";
  readonly object: Resource;
}

/** How an action is done: by a script, whose result `changes` reads, or at once. */
export type ActionWay =
  | { readonly kind: "script"; readonly script: HealthScript }
  | { readonly kind: "built-in"; readonly run: (choice: ActionChoice) => Result<readonly ActionChange[], string> };

/** What a dialect's users may do to objects. */
export interface DialectActions {
  /** The script that lists an object's actions beside the built-in ones, or null. */
  discoveryOf(object: Resource): HealthScript | null;
  /** The actions of an object; `found` is what its script returned. */
  list(object: Resource, found: ScriptValue | null): Result<readonly ObjectAction[], string>;
  /** How the action of a name is done; null: there is none. */
  wayOf(object: Resource, name: string): ActionWay | null;
  /** What a script's result asks for. */
  changes(object: Resource, returned: ScriptValue): Result<readonly ActionChange[], string>;
}
