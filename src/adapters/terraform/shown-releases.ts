import { type JsonObject, listOf, objectOf, textOf } from "./json-shape.ts";
import {
  type Marks,
  type PendingChange,
  TerraformFileError,
  type TerraformRelease,
  type TerraformReleases,
  withoutKeys,
} from "./terraform-release.ts";
import { isHelmProvider } from "./helm-provider.ts";

/** Releases of what `terraform show -json` prints for a plan or a state. @throws TerraformFileError */
export function shownReleases(document: JsonObject): TerraformReleases {
  const version = textOf(document["format_version"]);
  if (!/^[01]\./.test(version)) {
    throw new TerraformFileError(
      `its format is ${version === "" ? "not told" : version}, and 1 is the one that is known`,
    );
  }
  const isPlan = "planned_values" in document;
  const values = objectOf(document[isPlan ? "planned_values" : "values"]);
  const before = resourcesOf(objectOf(objectOf(objectOf(document["prior_state"])["values"])["root_module"]));
  const found = resourcesOf(objectOf(values["root_module"]));
  const changes = listOf(document["resource_changes"]).map(objectOf);
  const notes = [...foreignNotes(found), ...(isPlan ? planNotes(document, changes) : [])];
  const releases = found.filter(isRelease).map((resource): TerraformRelease => {
    const address = textOf(resource["address"]);
    const change = changes.find((one) => one["address"] === address && one["deposed"] === undefined);
    const known = before.find((one) => one["address"] === address);
    const dependsOn = listOf(resource["depends_on"] ?? known?.["depends_on"]).map((one) => withoutKeys(textOf(one)));
    return {
      address,
      resource: withoutKeys(address),
      attributes: objectOf(resource["values"]),
      sensitive: resource["sensitive_values"] as Marks,
      unknown: objectOf(change?.["change"])["after_unknown"] as Marks,
      pending: change === undefined ? "nothing" : pendingOf(listOf(objectOf(change["change"])["actions"]).map(textOf)),
      isTainted: resource["tainted"] === true || known?.["tainted"] === true,
      dependsOn,
      hasUnorderedSets: Number(resource["schema_version"] ?? 0) < 2,
    };
  });
  return { releases, notes };
}

function resourcesOf(module: JsonObject): readonly JsonObject[] {
  const own = listOf(module["resources"]).map(objectOf);
  return [...own, ...listOf(module["child_modules"]).flatMap((child) => resourcesOf(objectOf(child)))];
}

function isRelease(resource: JsonObject): boolean {
  if (resource["mode"] !== "managed" || resource["type"] !== "helm_release") return false;
  return resource["deposed_key"] === undefined && isHelmProvider(textOf(resource["provider_name"]));
}

function foreignNotes(resources: readonly JsonObject[]): readonly string[] {
  const foreign = resources.filter(({ mode, type, provider_name: provider }) => {
    return mode === "managed" && type === "helm_release" && !isHelmProvider(textOf(provider));
  });
  return foreign.map(({ address, provider_name: provider }) => {
    return `${textOf(address)} is left out: it belongs to the provider ${textOf(provider)}.`;
  });
}

function planNotes(document: JsonObject, changes: readonly JsonObject[]): readonly string[] {
  const leaving = changes.filter((change) => {
    const actions = listOf(objectOf(change["change"])["actions"]);
    return change["type"] === "helm_release" && actions.length === 1 && actions[0] === "delete";
  });
  const providers = Object.entries(objectOf(objectOf(document["configuration"])["provider_config"]))
    .filter(([, one]) => objectOf(one)["name"] === "helm")
    .map(([key, one]) => ({ key, expressions: objectOf(objectOf(one)["expressions"]) }));
  return [
    ...leaving.map(({ address }) => `${textOf(address)} is left out: the plan removes it.`),
    ...providers.flatMap(({ expressions }) => driverNotes(objectOf(expressions["helm_driver"])["constant_value"])),
    ...loginNotes(providers.some(({ expressions }) => "registries" in expressions || "registry" in expressions)),
    ...severalNotes(providers.map(({ key }) => key)),
  ];
}

/** What the provider's `helm_driver` means for where releases are found. */
export function driverNotes(driver: unknown): readonly string[] {
  if (driver === undefined || driver === null || driver === "secret" || driver === "secrets" || driver === "")
    return [];
  return [
    `The provider keeps its releases by helm_driver = ${JSON.stringify(driver)}: only those in Secrets are found, all others would be installed anew. Do not apply what is written here.`,
  ];
}

/** Credentials of the provider itself are in no release. */
export function loginNotes(doesLogIn: boolean): readonly string[] {
  if (!doesLogIn) return [];
  return ["The provider itself logs in to registries: give the HelmRepositories of these a secretRef."];
}

/** Several configurations of the provider are mostly several clusters. */
export function severalNotes(configurations: readonly string[]): readonly string[] {
  const names = [...new Set(configurations)].toSorted();
  if (names.length < 2) return [];
  return [
    `The provider is configured more than once (${names.join(", ")}): if these are several clusters, migrate those of each by themselves with --only.`,
  ];
}

function pendingOf(actions: readonly string[]): PendingChange {
  if (actions.length > 1) return actions.includes("forget") ? "forget" : "replace";
  const [action] = actions;
  return action === "create" || action === "update" || action === "forget" ? action : "nothing";
}
