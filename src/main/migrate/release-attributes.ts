import { isMarked, holdsMark, type TerraformRelease } from "#adapters/terraform/terraform-release.ts";
import { attributeRules, isSet } from "./attribute-rules.ts";

/** The arguments of one release, and what was found to be wrong with them. */
export class ReleaseAttributes {
  /** Why the release cannot be written. */
  readonly refusals: string[] = [];
  /** What a person should know or decide. */
  readonly decisions: string[] = [];
  readonly #release: TerraformRelease;

  constructor(release: TerraformRelease) {
    this.#release = release;
  }

  /** A text that everybody may see; "" when there is none. */
  text(name: string): string {
    const text = this.secretText(name);
    if (text === null || !this.isSecret(name)) return text ?? this.#unknown(name);
    const other = name === "repository" ? ", or give its password as repository_password" : "";
    this.refusals.push(
      `${name} is sensitive in Terraform, and everybody would see it in the object: wrap it in nonsensitive()${other}`,
    );
    return "";
  }

  /** A text that nobody sees; null when only Terraform will know it. */
  secretText(name: string): string | null {
    if (isMarked(this.#release.unknown, name)) return null;
    const value = this.#release.attributes[name];
    return typeof value === "string" ? value.trim() : "";
  }

  /** Whether nobody may see an argument. */
  isSecret(name: string): boolean {
    return isMarked(this.#release.sensitive, name);
  }

  flag(name: string, usual = false): boolean {
    const value = this.#release.attributes[name];
    if (isMarked(this.#release.unknown, name)) this.#unknown(name);
    return value === undefined || value === null ? usual : value === true || value === "true";
  }

  count(name: string, usual: number): number {
    const value = this.#release.attributes[name];
    if (isMarked(this.#release.unknown, name)) this.#unknown(name);
    if (value === undefined || value === null || value === "") return usual;
    const count = Number(value);
    if (Number.isSafeInteger(count) && count >= 0) return count;
    if (!isMarked(this.#release.unknown, name)) this.refusals.push(`${name} is no whole number`);
    return usual;
  }

  /** The text of a member of the computed `metadata`, which is an object or a list of one. */
  recorded(name: string): string {
    const { metadata } = this.#release.attributes;
    const holder: unknown = Array.isArray(metadata) ? metadata[0] : metadata;
    const value = (holder as Readonly<Record<string, unknown>> | undefined | null)?.[name];
    return typeof value === "string" ? value : "";
  }

  /** Applies the rules to every argument that is set; `dropped` are those that a person gave up. */
  checkAll(dropped: readonly string[]): void {
    const { attributes, unknown, pending, isTainted } = this.#release;
    const hidden = typeof unknown === "object" && unknown !== null ? Object.keys(unknown) : [];
    for (const name of [...new Set([...Object.keys(attributes), ...hidden])].toSorted()) {
      if (!isSet(attributes[name]) && !holdsMark(unknown, name)) continue;
      const rule = attributeRules[name] ?? { refuse: "is not known here, so nobody can tell what it does" };
      if (rule === "kept") continue;
      if ("decide" in rule) this.decisions.push(`${name} ${rule.decide}`);
      else if (dropped.includes(name)) this.decisions.push(`${name} is left out, as you asked: ${rule.refuse}`);
      else this.refusals.push(`${name}: ${rule.refuse}`);
    }
    if (isTainted) this.decisions.push("it is tainted: Terraform would make it anew");
    const coming = pendingWords[pending];
    if (coming !== "") this.decisions.push(coming);
  }

  #unknown(name: string): string {
    this.refusals.push(`${name} is not known before Terraform applies: give a plan or state where it is`);
    return "";
  }
}

const pendingWords: Readonly<Record<TerraformRelease["pending"], string>> = {
  nothing: "",
  create: "Terraform has not installed it yet: the controller will",
  update: "the plan changes it: apply the plan first, or the controller's first act is that change",
  replace: "the plan replaces it: apply the plan first",
  forget: "the plan forgets it already",
};
