import { describe, expect, test } from "vitest";
import { healthScripts } from "./health/health-scripts.ts";
import { settingValues } from "./setting-values.ts";
import { parseScripts, type ScriptSettings, usualScripts } from "./settings-scripts.ts";

const ROOT = "resource.customizations";

function parsed(
  cm: Readonly<Record<string, string>>,
  before = usualScripts,
): { settings: ScriptSettings; problems: readonly string[] } {
  const values = settingValues({ "argocd-cm": cm });
  const settings = parseScripts(values, before);
  return { settings, problems: values.problems.map(({ path, message }) => `${path}: ${message}`) };
}

function scriptFor(cm: Readonly<Record<string, string>>, group: string, kind: string) {
  const object = { apiVersion: group === "" ? "v1" : `${group}/v1`, kind, metadata: { name: "x" } };
  return healthScripts(parsed(cm).settings)(object);
}

describe("scripts of an installation", () => {
  const whole = `
example.com/Queue:
  health.lua: return one
  health.lua.useOpenLibs: true
"*.example.com/*":
  health.lua: return any
ConfigMap:
  health.lua: return core
`;

  test("are found by just their kind before any pattern", () => {
    const cm = { [ROOT]: whole, [`${ROOT}.health.shop.example.com_Cart`]: "return cart" };
    expect(scriptFor(cm, "example.com", "Queue")).toEqual({
      name: "health.lua of example.com/Queue",
      text: "return one",
      openLibs: true,
    });
    expect(scriptFor(cm, "shop.example.com", "Cart")).toMatchObject({ text: "return cart", openLibs: false });
    expect(scriptFor(cm, "shop.example.com", "Basket")?.text).toBe("return any");
    expect(scriptFor(cm, "", "ConfigMap")?.text).toBe("return core");
    expect(scriptFor(cm, "other.io", "Queue")).toBeNull();
  });

  test("for all kinds are for those of groups", () => {
    const cm = { [`${ROOT}.health.all`]: "return all" };
    expect(scriptFor(cm, "other.io", "Queue")?.text).toBe("return all");
    expect(scriptFor(cm, "", "Pod")).toBeNull();
  });

  test("have libraries where a key for the same kind says so", () => {
    const cm = { [`${ROOT}.health.a.io_B`]: "return b", [`${ROOT}.useOpenLibs.a.io_B`]: "true" };
    expect(scriptFor(cm, "a.io", "B")?.openLibs).toBe(true);
  });

  test("of a key of its own go before those of the key of all", () => {
    const cm = { [ROOT]: "a.io/B: {health.lua: return old}", [`${ROOT}.health.a.io_B`]: "return new" };
    expect(scriptFor(cm, "a.io", "B")?.text).toBe("return new");
  });

  test("that do actions are read with the list of them", () => {
    const text =
      "mergeBuiltinActions: true\ndiscovery.lua: return {}\ndefinitions:\n- name: go\n  action.lua: return obj";
    const { settings, problems } = parsed({ [`${ROOT}.actions.apps_Deployment`]: text });
    expect([...settings.actions.values()]).toEqual([
      {
        pattern: "apps/Deployment",
        value: { discovery: "return {}", definitions: [{ name: "go", script: "return obj" }], mergeBuiltin: true },
      },
    ]);
    expect(problems).toEqual([]);
  });

  test("that cannot be read are named, and what was there before counts on", () => {
    const key = `${ROOT}.actions.apps_Deployment`;
    const before = parsed({ [key]: "discovery.lua: return {}" }).settings;
    for (const text of ["definitions: 3", "definitions: [{action.lua: x}]", "discovery.lua: [1]", "a: [", "- x"]) {
      const { settings, problems } = parsed({ [key]: text }, before);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain(key);
      expect(settings.actions).toEqual(before.actions);
    }
  });
});
