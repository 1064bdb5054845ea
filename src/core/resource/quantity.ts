/** A quantity as an exact number: `digits × 10^-scale`. */
interface Exact {
  readonly digits: bigint;
  readonly scale: number;
}

const FORM = /^([+-]?)(\d*)(?:\.(\d*))?(?:([KMGTPE]i)|([numkMGTPE])|[eE]([+-]?\d{1,4}))?$/;
const DECIMAL: Readonly<Record<string, number>> = { n: -9, u: -6, m: -3, k: 3, M: 6, G: 9, T: 12, P: 15, E: 18 };
const BINARY: Readonly<Record<string, bigint>> = { Ki: 1n, Mi: 2n, Gi: 3n, Ti: 4n, Pi: 5n, Ei: 6n };
const LONGEST = 64;

/** Whether two values are quantities of the same amount, such as `1000m` and `1`, or `1Gi` and `1024Mi`. */
export function sameQuantity(a: unknown, b: unknown): boolean {
  const left = quantityOf(a);
  const right = quantityOf(b);
  if (!left || !right) return false;
  const scale = Math.max(left.scale, right.scale);
  return digitsAt(left, scale) === digitsAt(right, scale);
}

function quantityOf(value: unknown): Exact | null {
  if (typeof value === "number") return Number.isFinite(value) ? quantityOf(String(value)) : null;
  if (typeof value !== "string" || value.length > LONGEST) return null;
  const match = FORM.exec(value);
  if (!match) return null;
  const [, sign = "", whole = "", fraction = "", binary, decimal, exponent] = match;
  if (whole === "" && fraction === "") return null;
  let digits = BigInt(`${whole}${fraction}`);
  if (sign === "-") digits = -digits;
  if (binary !== undefined) digits *= 1024n ** (BINARY[binary] ?? 0n);
  const power = decimal === undefined ? Number(exponent ?? 0) : (DECIMAL[decimal] ?? 0);
  // The server keeps no finer unit than nano and rounds up; nobody writes one, so such a value is simply not equal.
  return { digits, scale: fraction.length - power };
}

function digitsAt(quantity: Exact, scale: number): bigint {
  return quantity.digits * 10n ** BigInt(scale - quantity.scale);
}
