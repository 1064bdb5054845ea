import { describe, expect, test } from "vitest";
import type { ActionScripts } from "../settings-scripts.ts";
import { usualScripts } from "../settings-scripts.ts";
import { argoActions } from "./argo-actions.ts";

const deployment = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", labels: {} },
  spec: { replicas: 1, template: { metadata: {} }, list: [{ limits: {} }] },
};
const table = (value: unknown) => ({ type: "table", value });

function actionsWith(value: Partial<ActionScripts>) {
  const scripts = { discovery: "return …", definitions: [], mergeBuiltin: false, ...value };
  return argoActions({ ...usualScripts, actions: new Map([["key", { pattern: "apps/Deployment", value: scripts }]]) });
}

describe("argoActions()", () => {
  test("lists what the kind has where nobody says otherwise", () => {
    const listed = argoActions(usualScripts).list(deployment, null);
    expect(listed.ok && listed.value.map(({ name }) => name)).toEqual(["restart", "pause", "resume", "scale"]);
    expect(argoActions(usualScripts).discoveryOf(deployment)).toBeNull();
  });

  test("lists what the script says, in its place or before the kind's own", () => {
    const found = table({
      restart: { disabled: true, displayName: "Again" },
      grow: { params: [{ name: "by", default: "1" }] },
      plain: [],
    });
    const own = actionsWith({}).list(deployment, found);
    expect(own.ok && own.value).toEqual([
      { name: "grow", displayName: null, disabled: false, params: [{ name: "by", default: "1" }] },
      { name: "plain", displayName: null, disabled: false, params: [] },
      { name: "restart", displayName: "Again", disabled: true, params: [] },
    ]);
    const merged = actionsWith({ mergeBuiltin: true }).list(deployment, found);
    expect(merged.ok && merged.value.map(({ name }) => name)).toEqual([
      "grow",
      "plain",
      "restart",
      "pause",
      "resume",
      "scale",
    ]);
    expect(actionsWith({}).list(deployment, table([]))).toEqual({ ok: true, value: [] });
    expect(actionsWith({}).list(deployment, { type: "nil", value: null })).toEqual({
      ok: false,
      error: "expect table output from Lua script, not nil",
    });
  });

  test("does an action by its script, and otherwise as the kind does", () => {
    const actions = actionsWith({ definitions: [{ name: "grow", script: "return obj" }] });
    expect(actions.wayOf(deployment, "grow")).toEqual({
      kind: "script",
      script: { name: "action.lua grow of apps/Deployment", text: "return obj", openLibs: false },
    });
    expect(actions.wayOf(deployment, "restart")?.kind).toBe("built-in");
    expect(actions.wayOf(deployment, "shrink")).toBeNull();
  });

  test("takes an object for a change of it, where empty maps stay maps", () => {
    const fromLua = {
      ...deployment,
      metadata: { name: "web", labels: [] },
      spec: { replicas: 2, template: { metadata: [] }, list: [{ limits: [] }], added: [] },
    };
    const changed = argoActions(usualScripts).changes(deployment, table(fromLua));
    expect(changed.ok && changed.value).toEqual([
      {
        operation: "patch",
        object: { ...deployment, spec: { ...deployment.spec, replicas: 2, added: [] } },
      },
    ]);
  });

  test("takes a list for what is to be done with each object", () => {
    const made = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "made" }, data: [] };
    const changed = argoActions(usualScripts).changes(deployment, table([{ operation: "create", resource: made }]));
    expect(changed).toEqual({ ok: true, value: [{ operation: "create", object: made }] });
  });

  const nonsense: readonly (readonly [unknown, string])[] = [
    [{ type: "string", value: "x" }, "expect table output from Lua script, not string"],
    [table({ kind: "Deployment" }), "the script returned an object without apiVersion"],
    [
      table([{ operation: "delete", resource: deployment }]),
      'unsupported operation "delete": only patch and create are',
    ],
    [table({ ...deployment, metadata: { name: "other" } }), "the script patches another object"],
  ];
  for (const [returned, error] of nonsense) {
    test(`refuses what means nothing: ${error}`, () => {
      const changes = argoActions(usualScripts).changes(deployment, returned as { type: string; value: unknown });
      expect(changes).toEqual({ ok: false, error });
    });
  }
});
