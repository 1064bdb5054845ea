import { describe, expect, test } from "vitest";
import { pluginProblems, pluginSpec } from "./parse-plugin.ts";

const environment = { ARGOCD_APP_NAME: "shop", KUBE_VERSION: "1.36.3" };
const variables = (...given: Parameters<typeof pluginSpec>) =>
  Object.fromEntries(pluginSpec(...given).env.map(({ name, value }) => [name, value]));

describe("pluginSpec()", () => {
  test("gives a plugin that is found the build environment alone", () => {
    expect(pluginSpec(undefined, environment).name).toBeNull();
    expect(variables(undefined, environment)).toEqual(environment);
  });

  test("adds variables under a prefix, filled in from the build environment", () => {
    const env = [
      { name: "HOST", value: "${ARGOCD_APP_NAME}.example" },
      { name: "PRICE", value: "$$1" },
    ];
    expect(variables({ name: "x", env }, environment)).toMatchObject({
      ARGOCD_ENV_HOST: "shop.example",
      ARGOCD_ENV_PRICE: "$1",
      ARGOCD_APP_PARAMETERS: "null",
    });
  });

  test("adds parameters as JSON and one by one", () => {
    const parameters = [
      { name: "a-b", string: "1" },
      { name: "list", array: ["x", "y"] },
      { name: "map", map: { "k.1": "v" } },
      { name: "empty", string: "" },
    ];
    const { ARGOCD_APP_PARAMETERS, ...rest } = variables({ parameters }, null);
    expect(JSON.parse(ARGOCD_APP_PARAMETERS ?? "")).toEqual(parameters);
    expect(rest).toEqual({ PARAM_A_B: "1", PARAM_LIST_0: "x", PARAM_LIST_1: "y", PARAM_MAP_K_1: "v", PARAM_EMPTY: "" });
  });
});

describe("pluginProblems()", () => {
  test("refuses a plugin where there are none, and names that lead elsewhere", () => {
    const at = { place: "spec.source", plugins: true };
    expect(pluginProblems({ name: "x" }, { ...at, plugins: false })).toEqual([
      {
        path: "spec.source.plugin",
        message: "spec.source.plugin: there are no plugins here: the controller has no --plugin-dir",
      },
    ]);
    for (const name of ["", "x", "x-v1.0"]) expect(pluginProblems({ name }, at)).toEqual([]);
    for (const name of ["../x", "a/b", ".x"]) expect(pluginProblems({ name }, at)).toHaveLength(1);
    expect(pluginProblems(undefined, { ...at, plugins: false })).toEqual([]);
  });
});
