import { isHelmProvider } from "./helm-provider.ts";
import { type JsonObject, listOf, objectOf, textOf } from "./json-shape.ts";
import { severalNotes } from "./shown-releases.ts";
import { type Marks, TerraformFileError, type TerraformReleases, withoutKeys } from "./terraform-release.ts";

/** Releases of a state as Terraform itself keeps it. @throws TerraformFileError */
export function stateReleases(document: JsonObject): TerraformReleases {
  if (document["version"] !== 4) {
    const version = JSON.stringify(document["version"]);
    throw new TerraformFileError(`it is a state of version ${version}, and 4 is the one that is known`);
  }
  const resources = listOf(document["resources"]).map(objectOf);
  const all = resources.filter(({ mode, type }) => mode === "managed" && type === "helm_release");
  const own = all.filter((resource) => isHelmProvider(textOf(resource["provider"])));
  const foreign = all.filter((resource) => !own.includes(resource));
  return {
    releases: own.flatMap((resource) => {
      const place = textOf(resource["module"]);
      const base = `${place === "" ? "" : `${place}.`}helm_release.${textOf(resource["name"])}`;
      const instances = listOf(resource["instances"]).map(objectOf);
      return instances.filter(({ deposed }) => deposed === undefined).map((instance) => instanceOf(base, instance));
    }),
    notes: [
      ...foreign.map(({ name, provider }) => {
        return `helm_release.${textOf(name)} is left out: it belongs to ${textOf(provider)}.`;
      }),
      ...severalNotes(own.map(({ provider }) => textOf(provider))),
    ],
  };
}

function instanceOf(base: string, instance: JsonObject): TerraformReleases["releases"][number] {
  const key = instance["index_key"];
  const address = key === undefined ? base : `${base}[${JSON.stringify(key)}]`;
  return {
    address,
    resource: withoutKeys(address),
    attributes: objectOf(instance["attributes"]),
    sensitive: marksOf(listOf(instance["sensitive_attributes"])),
    unknown: undefined,
    pending: "nothing",
    isTainted: instance["status"] === "tainted",
    dependsOn: listOf(instance["dependencies"]).map((one) => withoutKeys(textOf(one))),
    hasUnorderedSets: Number(instance["schema_version"] ?? 0) < 2,
  };
}

/** A state lists the paths of what is secret; an element of a set has none of its own. */
function marksOf(paths: readonly unknown[]): Marks {
  const marks: Record<string, Marks> = {};
  for (const path of paths) {
    const steps = listOf(path).map((step) => {
      const { value } = objectOf(step);
      const key = typeof value === "object" ? objectOf(value)["value"] : value;
      return typeof key === "number" ? `${key}` : textOf(key);
    });
    mark(marks, steps);
  }
  return marks;
}

function mark(marks: Record<string, Marks>, [step, ...rest]: readonly string[]): void {
  if (step === undefined || marks[step] === true) return;
  if (rest.length === 0) {
    marks[step] = true;
    return;
  }
  const below = (marks[step] ??= {});
  mark(below as Record<string, Marks>, rest);
}
