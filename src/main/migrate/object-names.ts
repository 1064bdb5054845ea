import { sha256Hex } from "#core/source/sha256.ts";

const longest = 63;
const hashLength = 8;

/** A DNS label made of a text: as it is where it is one, else without what a label cannot hold. */
export function labelOf(text: string, limit = longest): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
  if (plain !== "" && plain.length <= limit) return plain;
  const hash = sha256Hex(text).slice(0, hashLength);
  return plain === "" ? `x-${hash}` : `${plain.slice(0, limit - hashLength - 1).replace(/-+$/, "")}-${hash}`;
}

/** Gives every thing a name of its own; the same things in the same order always get the same names. */
export class ObjectNames {
  readonly #taken = new Set<string>();

  /** The first of the wishes that nothing else has, made a label; else the first one with a number. */
  take(space: string, wishes: readonly string[], suffix = ""): string {
    const limit = longest - suffix.length;
    const names = wishes.map((wish) => `${labelOf(wish, limit)}${suffix}`);
    for (let number = 2; names.every((name) => this.#taken.has(`${space}/${name}`)); number += 1) {
      names.push(`${labelOf(`${wishes[0] ?? ""}-${number}`, limit)}${suffix}`);
    }
    const free = names.find((name) => !this.#taken.has(`${space}/${name}`)) ?? "";
    this.#taken.add(`${space}/${free}`);
    return free;
  }
}
