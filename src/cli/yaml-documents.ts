import { stringify } from "yaml";

/** Objects as YAML documents that kubectl reads as they are. */
export function yamlDocuments(objects: readonly object[]): string {
  // Kubernetes reads YAML 1.1, where a plain `on` or `0777` is no text.
  const options = { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false } as const;
  return objects.map((object) => `---\n${stringify(object, options)}`).join("");
}
