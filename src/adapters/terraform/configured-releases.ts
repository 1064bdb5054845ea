import { type JsonObject, listOf, objectOf } from "./json-shape.ts";
import { driverNotes, loginNotes, severalNotes } from "./shown-releases.ts";
import type { Marks, TerraformRelease, TerraformReleases } from "./terraform-release.ts";

/** Arguments that every resource may have, and comments. */
const metaArguments: ReadonlySet<string> = new Set([
  "//",
  "connection",
  "count",
  "depends_on",
  "for_each",
  "lifecycle",
  "provider",
  "provisioner",
]);

/** Arguments of which there may be several, each as a block. */
const blocks: ReadonlySet<string> = new Set(["set", "set_list", "set_sensitive"]);

/** Releases of configuration in JSON: only Terraform knows what its expressions mean, which are marked as unknown. */
export function configuredReleases(document: JsonObject): TerraformReleases {
  const resources = merged(document["resource"]);
  const bodies = Object.entries(merged(resources["helm_release"]));
  const modules = Object.keys(merged(document["module"]));
  const providers = listOf(merged(document["provider"])["helm"]).map(objectOf);
  return {
    releases: bodies.map(([name, body]) => releaseOf(name, merged(body))),
    notes: [
      ...modules.map((name) => `module.${name} was not looked into: give the plan, which holds its releases.`),
      ...providers.flatMap(({ helm_driver: driver }) => driverNotes(driver)),
      ...loginNotes(providers.some((one) => "registries" in one || "registry" in one)),
      ...severalNotes(providers.map(({ alias }) => (typeof alias === "string" ? `helm.${alias}` : "helm"))),
    ],
  };
}

/** A block may be written as an object or as a list of objects. */
function merged(value: unknown): JsonObject {
  return Object.assign({}, ...listOf(value).map(objectOf)) as JsonObject;
}

function releaseOf(name: string, body: JsonObject): TerraformRelease {
  const address = `helm_release.${name}`;
  const own = Object.entries(body)
    .filter(([argument]) => !metaArguments.has(argument))
    .map(([argument, value]): [string, unknown] => [argument, blocks.has(argument) ? listOf(value) : value]);
  const repeats = ["count", "for_each"].filter((argument) => body[argument] !== undefined);
  const unknown = own.flatMap(([argument, value]): [string, Marks][] => {
    const marks = expressionsIn(value);
    return marks === undefined ? [] : [[argument, marks]];
  });
  return {
    address,
    resource: address,
    attributes: Object.fromEntries([
      ...own.map(([argument, value]) => [argument, unescaped(value)]),
      ...repeats.map((argument) => [argument, true]),
    ]) as JsonObject,
    sensitive: undefined,
    unknown: Object.fromEntries([...unknown, ...repeats.map((argument): [string, Marks] => [argument, true])]),
    pending: "nothing",
    isTainted: false,
    dependsOn: listOf(body["depends_on"]).filter((one) => typeof one === "string"),
    hasUnorderedSets: false,
  };
}

const beginning = /(?:^|[^$%])(?:\$\$|%%)*[$%]\{/;

function expressionsIn(value: unknown): Marks {
  if (typeof value === "string") return beginning.test(value) ? true : undefined;
  if (Array.isArray(value)) {
    const marks = value.map(expressionsIn);
    return marks.some((one) => one !== undefined) ? marks : undefined;
  }
  const entries = Object.entries(objectOf(value)).map(([key, member]): [string, Marks] => [key, expressionsIn(member)]);
  const found = entries.filter(([, marks]) => marks !== undefined);
  return found.length > 0 ? Object.fromEntries(found) : undefined;
}

/** A doubled sign stands for itself. */
function unescaped(value: unknown): unknown {
  if (typeof value === "string") return value.replaceAll("$${", "${").replaceAll("%%{", "%{");
  if (Array.isArray(value)) return value.map(unescaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, unescaped(member)]));
}
