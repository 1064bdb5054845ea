/** An expression that is true or false, and what its variables stand for. */
export interface Expression {
  readonly text: string;
  readonly vars: Readonly<Record<string, unknown>>;
}

/** Evaluates expressions: one answer for each, in their order. */
export interface ExpressionEvaluator {
  evaluate(
    expressions: readonly Expression[],
    signal: AbortSignal,
  ): Promise<readonly ({ readonly value: boolean } | { readonly error: string })[]>;
}
