import { textOfBase64 } from "#core/resource/base64.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";

const TRUE = ["1", "t", "T", "true", "True", "TRUE"];
const FALSE = ["", "0", "f", "F", "false", "False", "FALSE"];

/** The label that says what a Secret of the installation declares. */
export const SECRET_TYPE = "argocd.argoproj.io/secret-type";

/** Reads the entries of a Secret; what cannot be read becomes a problem that names the entry and never its value. */
export class SecretFields {
  readonly problems: Problem[] = [];
  readonly #name: string;
  readonly #data: Readonly<Record<string, string>>;

  constructor(secret: Resource) {
    this.#name = secretName(secret);
    this.#data = (secret["data"] ?? {}) as Readonly<Record<string, string>>;
  }

  /** The text of an entry; "" when there is none. */
  text(key: string): string {
    return textOfBase64(this.#data[key] ?? "").trim();
  }

  /** An entry as the Secret holds it; undefined when there is none. */
  encoded(key: string): string | undefined {
    return this.#data[key] || undefined;
  }

  /** A switch, which is off when there is none. */
  flag(key: string): boolean {
    const text = this.text(key);
    if (TRUE.includes(text)) return true;
    if (!FALSE.includes(text)) this.refuse(key, "is neither true nor false");
    return false;
  }

  /** An entry that must be a number. */
  number(key: string): void {
    if (!/^\d{0,19}$/.test(this.text(key))) this.refuse(key, "is no number");
  }

  /** Says what is wrong with an entry. */
  refuse(key: string, what: string): void {
    const path = `Secret ${this.#name}: ${key}`;
    this.problems.push({ path, message: `${path} ${what}` });
  }
}

/** What messages call a Secret. */
export function secretName({ metadata }: Resource): string {
  return `${metadata.namespace ?? ""}/${metadata.name}`;
}
