import { expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import type { IdKey } from "#core/resource/resource-id.ts";
import { type Action, type Change, changesOf, isIdle, type Plan } from "./plan.ts";

function change(name: string, action: Action): Change {
  return {
    key: `/ConfigMap/a/${name}` as IdKey,
    id: { group: "", kind: "ConfigMap", namespace: "a", name },
    version: "v1",
    action,
    reason: "",
    paths: [],
    desired: null,
    options: null,
    certificate: null,
  };
}

function plan(...stages: Change[][]): Plan {
  const key = { phase: 0, wave: 0, rank: 0 };
  return {
    app: "app/a/b" as AppKey,
    revision: "",
    stages: stages.map((changes) => ({ key, gate: "none", changes })),
    held: [],
    waiting: 0,
    digest: "",
  };
}

test("changesOf() lists the changes of all stages in order", () => {
  const [a, b, c] = [change("a", "create"), change("b", "none"), change("c", "delete")];
  expect(changesOf(plan([a, b], [], [c]))).toEqual([a, b, c]);
});

const IDLE: Record<Action, boolean> = {
  none: true,
  hold: true,
  create: false,
  update: false,
  delete: false,
  keep: false,
  run: false,
  clear: false,
  retire: false,
};
for (const [action, idle] of Object.entries(IDLE) as [Action, boolean][]) {
  test(`isIdle() is ${idle} for a plan with ${action}`, () => {
    expect(isIdle(plan([change("a", "none")], [change("b", action)]))).toBe(idle);
  });
}
