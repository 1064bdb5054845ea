import { FAILSAFE_SCHEMA, load } from "js-yaml";
import { CloudError } from "./cloud-error.ts";

/** Reads an entry of a Secret that holds YAML: texts by name. @throws CloudError that quotes nothing of it */
export function yamlEntry(entry: string, content: Buffer): Readonly<Record<string, string>> {
  let value: unknown;
  try {
    value = load(textOf(content), { schema: FAILSAFE_SCHEMA });
  } catch {
    value = undefined;
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new CloudError(`Cannot use ${entry} of the decryption Secret: it is no YAML object`);
  }
  return Object.fromEntries(Object.entries(value).filter(([, field]) => typeof field === "string")) as Readonly<
    Record<string, string>
  >;
}

/** Azure's program writes its files in UTF-16 on some systems. */
function textOf(content: Buffer): string {
  const [first, second] = content;
  const mark = first === undefined || second === undefined ? 0 : first * 256 + second;
  const encodings: Readonly<Record<number, string>> = { 0xfffe: "utf-16le", 0xfeff: "utf-16be" };
  return new TextDecoder(encodings[mark] ?? "utf-8").decode(content);
}
