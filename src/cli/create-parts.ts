import type { Resource } from "#core/resource/resource.ts";
import type { ConnectionOptions } from "./connection-options.ts";
import type { SecretDraft } from "./secret-kinds.ts";
import type { Terminal } from "./terminal.ts";

/** What `create` needs; each tells in lines what became of the objects. */
export interface CreateActions {
  /** Makes objects that are not there yet, in order. */
  apply(objects: readonly Resource[], where: ConnectionOptions, signal: AbortSignal): Promise<readonly string[]>;
  /** Makes or changes objects, in order; refuses namespaces of another tenant and fields of somebody else. */
  ensure(objects: readonly Resource[], where: ConnectionOptions, signal: AbortSignal): Promise<readonly string[]>;
  /** The Secret of a draft; refuses what nobody could use. */
  secretOf(draft: SecretDraft, signal: AbortSignal): Promise<Resource>;
}

/** What every command of the group gets. */
export interface CreateParts {
  readonly actions: CreateActions;
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}
