import { describe, expect, test } from "vitest";
import { terraformReleases } from "./terraform-file.ts";
import { holdsMark, isMarked, type TerraformReleases } from "./terraform-release.ts";

const registry = "registry.terraform.io/hashicorp/helm";

function read(document: object): TerraformReleases {
  return terraformReleases(JSON.stringify(document));
}

function shown(address: string, more: object = {}): object {
  const name = /helm_release\.(\w+)/.exec(address)?.[1];
  const values = { name, chart: "web" };
  return {
    address,
    mode: "managed",
    type: "helm_release",
    name,
    provider_name: registry,
    schema_version: 2,
    values,
    ...more,
  };
}

describe("a plan that terraform show prints", () => {
  const root = { resources: [shown("helm_release.one"), { ...shown("data.helm_release.two"), mode: "data" }] };

  test("tells the releases of all modules, each instance by itself, and their resources without keys", () => {
    const deep = {
      address: 'module.a["x.y"].module.b[1]',
      resources: [shown('module.a["x.y"].module.b[1].helm_release.web["k]\\"[0]"]')],
    };
    const child = { address: 'module.a["x.y"]', resources: [], child_modules: [deep] };
    const module = { ...root, child_modules: [child] };
    const { releases, notes } = read({ format_version: "1.2", planned_values: { root_module: module } });
    expect(releases.map(({ address, resource }) => [address, resource])).toEqual([
      ["helm_release.one", "helm_release.one"],
      ['module.a["x.y"].module.b[1].helm_release.web["k]\\"[0]"]', "module.a.module.b.helm_release.web"],
    ]);
    expect(notes).toEqual([]);
  });

  test("tells what is not known yet, what changes, and what others depend on", () => {
    const change = (address: string, actions: readonly string[], more: object = {}) => ({
      address,
      type: "helm_release",
      change: { actions, ...more },
    });
    const { releases, notes } = read({
      format_version: "1.0",
      planned_values: { root_module: { resources: ["a", "b", "c", "d"].map((name) => shown(`helm_release.${name}`)) } },
      prior_state: {
        values: {
          root_module: { resources: [shown("helm_release.b", { depends_on: ["helm_release.a"], tainted: true })] },
        },
      },
      resource_changes: [
        change("helm_release.a", ["no-op"]),
        change("helm_release.b", ["update"], { after_unknown: { values: [false, true] } }),
        change("helm_release.c", ["create"]),
        change("helm_release.d", ["delete", "create"]),
        change("helm_release.e", ["delete"]),
      ],
    });
    expect(releases.map(({ pending }) => pending)).toEqual(["nothing", "update", "create", "replace"]);
    const [, second] = releases;
    expect([second?.dependsOn, second?.isTainted]).toEqual([["helm_release.a"], true]);
    expect([isMarked(second?.unknown, "values", 0), isMarked(second?.unknown, "values", 1)]).toEqual([false, true]);
    expect(notes).toEqual(["helm_release.e is left out: the plan removes it."]);
  });

  test("leaves out releases of another provider, deposed ones, and tells of another storage", () => {
    const resources = [
      shown("helm_release.mine", { provider_name: "registry.opentofu.org/hashicorp/helm" }),
      shown("helm_release.other", { provider_name: "registry.terraform.io/somebody/helm" }),
      shown("helm_release.old", { deposed_key: "deadbeef" }),
    ];
    const provider = { name: "helm", expressions: { helm_driver: { constant_value: "configmap" } } };
    const { releases, notes } = read({
      format_version: "1.2",
      planned_values: { root_module: { resources } },
      configuration: { provider_config: { "helm.eu": provider } },
    });
    expect(releases.map(({ address }) => address)).toEqual(["helm_release.mine"]);
    expect(notes).toEqual([
      "helm_release.other is left out: it belongs to the provider registry.terraform.io/somebody/helm.",
      expect.stringContaining('helm_driver = "configmap"'),
    ]);
  });
});

test("a state that terraform show prints is read, and an empty one holds nothing", () => {
  const values = { root_module: { resources: [shown("helm_release.one[0]", { schema_version: 1 })] } };
  const { releases } = read({ format_version: "1.0", terraform_version: "1.9.0", values });
  expect(releases).toMatchObject([{ address: "helm_release.one[0]", hasUnorderedSets: true, pending: "nothing" }]);
  expect(read({ format_version: "1.0" }).releases).toEqual([]);
});

test("a state as it is kept tells instances, paths of secrets and dependencies", () => {
  const path = (...steps: readonly (string | number)[]) =>
    steps.map((step) =>
      typeof step === "string"
        ? { type: "get_attr", value: step }
        : { type: "index", value: { value: step, type: "number" } },
    );
  const instance = {
    index_key: 'a"b',
    schema_version: 2,
    attributes: { name: "web" },
    sensitive_attributes: [path("values", 1), path("set_sensitive", 0, "value"), path("repository_password")],
    dependencies: ["module.net.helm_release.dns"],
    status: "tainted",
  };
  const resource = {
    module: "module.shop[0]",
    mode: "managed",
    type: "helm_release",
    name: "web",
    provider: `provider["${registry}"].eu`,
    instances: [instance, { ...instance, deposed: "00000001" }],
  };
  const foreign = { ...resource, module: undefined, provider: 'provider["registry.terraform.io/me/helm"]' };
  const { releases, notes } = read({ version: 4, lineage: "x", serial: 1, resources: [resource, foreign] });
  expect(releases).toHaveLength(1);
  const [release] = releases;
  expect(release).toMatchObject({
    address: 'module.shop[0].helm_release.web["a\\"b"]',
    resource: "module.shop.helm_release.web",
    isTainted: true,
    dependsOn: ["module.net.helm_release.dns"],
    hasUnorderedSets: false,
  });
  const marks = release?.sensitive;
  expect([0, 1].map((index) => holdsMark(marks, "values", index))).toEqual([false, true]);
  expect(isMarked(marks, "set_sensitive", 0, "value")).toBe(true);
  expect(isMarked(marks, "repository_password")).toBe(true);
  expect(notes).toHaveLength(1);
});

test("configuration in JSON marks expressions, takes escapes as they are meant, and names modules", () => {
  const web = {
    "//": "a comment",
    name: "web",
    values: ["plain: $${x} %%{y}", "host: ${var.host}"],
    set: { name: "a", value: "%{ if var.b }1%{ endif }" },
    depends_on: ["helm_release.dns"],
    lifecycle: { ignore_changes: ["values"] },
  };
  const { releases, notes } = read({
    resource: { helm_release: { web: [web], many: { name: "many", for_each: "${var.all}" } } },
    module: { shop: { source: "./shop" } },
    provider: { helm: [{ alias: "a", helm_driver: "sql" }] },
  });
  const [first, second] = releases;
  expect(first?.attributes["values"]).toEqual(["plain: ${x} %{y}", "host: ${var.host}"]);
  expect(Object.keys(first?.attributes ?? {})).toEqual(["name", "values", "set"]);
  expect([0, 1].map((index) => isMarked(first?.unknown, "values", index))).toEqual([false, true]);
  expect([holdsMark(first?.unknown, "set"), first?.dependsOn]).toEqual([true, ["helm_release.dns"]]);
  expect(isMarked(second?.unknown, "for_each")).toBe(true);
  expect(notes).toEqual([expect.stringContaining("module.shop"), expect.stringContaining('helm_driver = "sql"')]);
});

const refused = [
  { name: "what is no JSON, without quoting it", text: "resource { password = hunter2 }", says: "it is no JSON" },
  { name: "a list", text: "[]", says: "neither a plan" },
  {
    name: "a format of the future",
    text: '{"format_version": "2.0", "planned_values": {}}',
    says: "its format is 2.0",
  },
  { name: "an old state", text: '{"version": 3, "lineage": "x"}', says: "a state of version 3" },
];
test.each(refused)("terraformReleases() refuses $name", ({ text, says }) => {
  expect(() => terraformReleases(text)).toThrow(says);
  expect(() => terraformReleases(text)).not.toThrow("hunter2");
});
