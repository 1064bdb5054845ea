/** A selector of labels as objects write it; absent parts ask for nothing. */
export interface SelectorTerms {
  readonly matchLabels?: Readonly<Record<string, string>>;
  readonly matchExpressions?: readonly {
    readonly key: string;
    readonly operator: string;
    readonly values?: readonly string[];
  }[];
}

const tests: Readonly<Record<string, (value: string | undefined, values: readonly string[]) => boolean>> = {
  In: (value, values) => value !== undefined && values.includes(value),
  NotIn: (value, values) => value === undefined || !values.includes(value),
  Exists: (value) => value !== undefined,
  DoesNotExist: (value) => value === undefined,
};

/** Whether nothing is asked for. */
export function isEmptySelector({ matchLabels = {}, matchExpressions = [] }: SelectorTerms): boolean {
  return Object.keys(matchLabels).length === 0 && matchExpressions.length === 0;
}

/** What of a selector nobody can understand; null: nothing. Values may be any text. */
export function selectorProblem({ matchExpressions = [] }: SelectorTerms): string | null {
  for (const { key, operator, values = [] } of matchExpressions) {
    if (!Object.hasOwn(tests, operator)) return `${JSON.stringify(operator)} is not a valid label selector operator`;
    const isSet = operator === "In" || operator === "NotIn";
    if (isSet !== values.length > 0)
      return `operator ${operator} of ${key} ${isSet ? "needs values" : "takes no values"}`;
  }
  return null;
}

/** Whether labels satisfy every term; an operator that does not exist is satisfied by none. */
export function termsMatch(
  { matchLabels = {}, matchExpressions = [] }: SelectorTerms,
  labels: Readonly<Record<string, string>>,
): boolean {
  const valueOf = (key: string) => (Object.hasOwn(labels, key) ? labels[key] : undefined);
  return (
    Object.entries(matchLabels).every(([key, value]) => valueOf(key) === value) &&
    matchExpressions.every(({ key, operator, values = [] }) => {
      return Object.hasOwn(tests, operator) && (tests[operator]?.(valueOf(key), values) ?? false);
    })
  );
}
