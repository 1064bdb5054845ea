import { expect, test } from "vitest";
import { type AppSet, setKey } from "#core/app/app-set.ts";
import type { AppKey } from "#core/app/app.ts";
import type { SetRules } from "#core/app/dialect.ts";
import { usualSettings } from "#core/app/settings.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { SetWriter } from "./set-writer.ts";
import { appObject, plainDialect } from "./testing/dialect.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { kindInfo } from "./testing/fake-objects.ts";
import { handClock } from "./testing/quiet.ts";

test("SetWriter writes all apps that it can where the server refuses one, and deletes none then", async () => {
  const cluster = new FakeCluster([kindInfo("App", true, "plain.test")]);
  cluster.before = ({ name }) => {
    if (name === "bad") throw new ApiError({ code: 422, reason: "Invalid", message: "bad is refused" });
  };
  const registry = { lookup: () => () => null };
  const writer = new SetWriter({
    client: cluster,
    registry,
    settings: usualSettings("control"),
    onStored: () => {},
    audit: { append: () => {} },
    clock: handClock(),
  });
  const object = { apiVersion: "plain.test/v1", kind: "Set", metadata: { name: "all", namespace: "apps" } };
  const rules = { manager: "sets" } as SetRules;
  const state = { key: setKey("set", "apps", "all"), dialect: plainDialect, rules, object };
  const others = Array.from({ length: 40 }, (_none, index) => `app-${index}`);
  const writes = ["bad", ...others].map((name) => {
    const wanted = appObject(name);
    return { wanted, live: null, ignored: [], change: { kind: "create", object: wanted } as const };
  });
  const plan = { writes, deletions: [cluster.put(appObject("old"))], held: null, problems: [] };
  const changes = { created: [] as string[], updated: [], deleted: [] };
  const written = writer.write(state, { set: {} as AppSet, plan, changes }, new AbortController().signal);
  await expect(written).rejects.toThrow("bad is refused");
  expect(changes.created.toSorted()).toEqual(others.toSorted());
  expect(cluster.find("App", "old")).toBeDefined();
});

test("SetWriter asks once for what the server does not keep, until the app is another one", async () => {
  const cluster = new FakeCluster([kindInfo("App", true, "plain.test")]);
  const writer = new SetWriter({
    client: cluster,
    registry: { lookup: () => () => null },
    settings: usualSettings("control"),
    onStored: () => {},
    audit: { append: () => {} },
    clock: handClock(),
  });
  const object = { apiVersion: "plain.test/v1", kind: "Set", metadata: { name: "all", namespace: "apps" } };
  const change = { kind: "update", patch: { spec: { dropped: true } } } as const;
  const rules = { manager: "sets", member: { short: "app" }, changeOf: () => change } as unknown as SetRules;
  const state = { key: setKey("set", "apps", "all"), dialect: plainDialect, rules, object };
  const live = cluster.put(appObject("kept"));
  const write = async () => {
    const plan = { writes: [{ wanted: live, live, ignored: [], change }], deletions: [], held: null, problems: [] };
    const changes = { created: [], updated: [] as string[], deleted: [] };
    await writer.write(state, { set: {} as AppSet, plan, changes }, new AbortController().signal);
    return changes.updated;
  };
  expect(await write()).toEqual(["kept"]);
  expect(await write()).toEqual([]);
  writer.forget("app/apps/kept" as AppKey);
  expect(await write()).toEqual(["kept"]);
});
