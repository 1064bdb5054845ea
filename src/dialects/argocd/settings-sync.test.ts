import { expect, test } from "vitest";
import { settingValues } from "./setting-values.ts";
import { parseSync, usualSync } from "./settings-sync.ts";

const read = (data: Record<string, string>, before = usualSync) => {
  const values = settingValues({ "argocd-cmd-params-cm": data });
  return { settings: parseSync(values, before), problems: values.problems };
};

test("parseSync() leaves healing without waits where nothing is set", () => {
  expect(read({}).settings).toEqual({ timeoutMs: null, heal: null });
});

test("parseSync() waits the same each time with a timeout alone, and longer each time with a backoff", () => {
  expect(read({ "controller.self.heal.timeout.seconds": "7" }).settings.heal).toEqual({
    baseMs: 7_000,
    factor: 1,
    maxMs: 7_000,
  });
  const backoff = { "controller.self.heal.backoff.timeout.seconds": "2", "controller.sync.timeout.seconds": "60" };
  expect(read(backoff).settings).toEqual({ timeoutMs: 60_000, heal: { baseMs: 2_000, factor: 3, maxMs: 300_000 } });
});

test("parseSync() keeps what was before where a value cannot be used, and tells", () => {
  const before = { timeoutMs: 5_000, heal: null };
  const { settings, problems } = read({ "controller.sync.timeout.seconds": "soon" }, before);
  expect(settings.timeoutMs).toBe(5_000);
  expect(problems).toEqual([
    {
      object: "argocd-cmd-params-cm",
      path: "controller.sync.timeout.seconds",
      message: '"soon" is not a whole number',
    },
  ]);
});
