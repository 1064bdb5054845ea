/**
 * The part of `AbortSignal` that pure code may know: it hands signals on and looks at them.
 * Only src/core/tsconfig.json includes this file; everywhere else Node's own type applies.
 */
interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
}
