import { isExactInteger } from "#adapters/kube/exact-json.ts";

type Values = Readonly<Record<string, unknown>>;

/** Values in two: merged, the open ones over the secret ones, they are the whole again. */
export interface SplitValues {
  readonly open: Values;
  readonly secret: Values;
  /** Where the secret ones are, for people: `auth.password`. */
  readonly secretPaths: readonly string[];
}

/** What a release gets, what it would get without its secrets, and what these are by themselves. */
export interface ValuesByOrigin {
  readonly whole: Values;
  readonly withoutSecrets: Values;
  readonly secretsAlone: Values;
}

/** Takes out of values whatever a secret part put there. Lists go as a whole, because they are never merged. */
export function splitValues({ whole, withoutSecrets, secretsAlone }: ValuesByOrigin): SplitValues {
  const open: Record<string, unknown> = {};
  const secret: Record<string, unknown> = {};
  const paths: string[] = [];
  for (const [key, value] of Object.entries(whole)) {
    const isTouched = Object.hasOwn(secretsAlone, key) || !isEqual(value, withoutSecrets[key]);
    const shown = /^[\w-]+$/.test(key) ? key : JSON.stringify(key);
    if (!isTouched) open[key] = value;
    else if (isMap(value) && Object.keys(value).length > 0 && !isReplaced(secretsAlone, key)) {
      const below = splitValues({
        whole: value,
        withoutSecrets: mapAt(withoutSecrets, key),
        secretsAlone: mapAt(secretsAlone, key),
      });
      if (Object.keys(below.open).length > 0) open[key] = below.open;
      if (below.secretPaths.length > 0) secret[key] = below.secret;
      paths.push(...below.secretPaths.map((path) => `${shown}.${path}`));
    } else {
      secret[key] = value;
      paths.push(shown);
    }
  }
  return { open, secret, secretPaths: paths };
}

/** Whether two values of JSON are the same, integers beyond what a number holds included. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (isMap(one) && isMap(other)) {
    const keys = Object.keys(one);
    return keys.length === Object.keys(other).length && keys.every((key) => isEqual(one[key], other[key]));
  }
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Paths at which two values differ, in order; never what is there. */
export function differingPaths(one: Values, other: Values, prefix = ""): readonly string[] {
  const keys = [...new Set([...Object.keys(one), ...Object.keys(other)])].toSorted();
  return keys.flatMap((key) => {
    const [left, right] = [one[key], other[key]];
    if (Object.hasOwn(one, key) === Object.hasOwn(other, key) && isEqual(left, right)) return [];
    const path = `${prefix}${/^[\w-]+$/.test(key) ? key : JSON.stringify(key)}`;
    return isMap(left) && isMap(right) ? differingPaths(left, right, `${path}.`) : [path];
  });
}

function isMap(value: unknown): value is Values {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !isExactInteger(value);
}

function mapAt(values: Values, key: string): Values {
  const value = values[key];
  return isMap(value) ? value : {};
}

/** A secret that is no map hides what is under it. */
function isReplaced(secrets: Values, key: string): boolean {
  return Object.hasOwn(secrets, key) && !isMap(secrets[key]);
}
