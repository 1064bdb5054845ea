import { describe, expect, test } from "vitest";
import { configMap, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });

describe.concurrent("a directory with Jsonnet", () => {
  const main = `
    local lib = import 'names.libsonnet';
    function(count) [
      { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: lib.name(i) }, data: { value: std.extVar('value') } }
      for i in std.range(1, count)
    ]`;
  const jsonnet = {
    libs: ["lib"],
    extVars: [{ name: "value", value: "given" }],
    tlas: [{ name: "count", value: "2", code: true }],
  };

  test("is evaluated, and again when an import changes", async () => {
    const app = world.app("jsonnet");
    await world.git.commit(app.name, { "lib/names.libsonnet": "{ name(i):: 'cm-%d' % i }" });
    const first = await app.commit({ "main.jsonnet": main, "plain.yaml": configMap("plain") });
    await app.create({ source: { directory: { jsonnet } } });
    const { rows, status } = await app.settled(first);
    expect(rows.map((row) => row["name"])).toEqual(["cm-1", "cm-2", "plain"]);
    expect(status["sourceType"]).toBe("Directory");
    expect(await app.config("cm-2")).toEqual({ value: "given" });
    const second = await world.git.commit(app.name, { "lib/names.libsonnet": "{ name(i):: 'new-%d' % i }" });
    await app.refresh();
    expect((await app.settled(second)).rows.map((row) => row["name"])).toEqual(["new-1", "new-2", "plain"]);
  });

  test("is refused by its place, and nothing is deleted", async () => {
    const app = world.app("jsonnet-outside");
    const first = await app.commit({ "a.jsonnet": configMap("a") });
    await app.create();
    await app.settled(first);
    await app.commit({ "a.jsonnet": "{} +\nimport '../../secret'" });
    await app.refresh();
    const { conditions } = await app.until("it is told", ({ conditions }) => conditions.length > 0);
    expect(conditions.join()).toContain('app/a.jsonnet:2: "../secret" leaves the repository');
    expect(await app.config("a")).toEqual({ value: "1" });
  });
});
