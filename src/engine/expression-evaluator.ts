import type { ScriptValue } from "#core/health/script-health.ts";

/** An expression that is true or false, and what its variables stand for. */
export interface Expression {
  readonly text: string;
  readonly vars: Readonly<Record<string, unknown>>;
}

/** A script that is run on an object. */
export interface ScriptRun {
  /** Stands for the script in messages. */
  readonly name: string;
  readonly text: string;
  /** Whether it may use more of its language's library than the least. */
  readonly openLibs: boolean;
  readonly object: unknown;
  /** What a person chose for this run. */
  readonly params?: Readonly<Record<string, string>>;
}

/** A result, or why there is none. */
export type Evaluated<T> = { readonly value: T } | { readonly error: string };

/** Evaluates expressions and runs scripts: one answer for each, in their order. */
export interface ExpressionEvaluator {
  evaluate(expressions: readonly Expression[], signal: AbortSignal): Promise<readonly Evaluated<boolean>[]>;
  /** A run that fails or overruns its limits spoils no other. */
  run(scripts: readonly ScriptRun[], signal: AbortSignal): Promise<readonly Evaluated<ScriptValue>[]>;
}
