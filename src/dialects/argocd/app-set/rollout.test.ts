import { describe, expect, test } from "vitest";
import type { AppSet, SetRollout } from "#core/app/app-set.ts";
import type { Resource } from "#core/resource/resource.ts";
import { usualArgoSettings } from "../settings.ts";
import { parseSet } from "./parse-set.ts";
import { rollout } from "./rollout.ts";

type Row = Record<string, string>;

const source = { repoURL: "https://git.example/a", path: "x", targetRevision: "main" };
const [OLD, NEW] = ["1".repeat(40), "2".repeat(40)];
const now = Date.parse("2026-01-01T00:00:00Z");

function wanted(name: string, step: string, sync: object = { automated: { prune: true } }): Resource {
  return {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name, namespace: "argocd", labels: { step } },
    spec: { project: "default", source, destination: {}, syncPolicy: sync },
  };
}

/** The same as it stands: synced and healthy at a revision, unless `over` says otherwise. */
function live(
  app: Resource,
  revision: string,
  over: { sync?: string; health?: string; phase?: string; ran?: string } = {},
): Resource {
  const { sync = "Synced", health = "Healthy", phase = "Succeeded", ran = revision } = over;
  const status = {
    sync: { status: sync, revision, comparedTo: { source } },
    health: { status: health },
    operationState: { phase, syncResult: { revision: ran } },
  };
  return { ...app, status };
}

function setOf(steps: readonly object[], rows: readonly unknown[] = []): AppSet {
  const object: Resource = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "ApplicationSet",
    metadata: { name: "fleet", namespace: "argocd" },
    spec: {
      generators: [{ list: { elements: [] } }],
      template: { metadata: { name: "x" }, spec: { project: "default", destination: {} } },
      strategy: { type: "RollingSync", rollingSync: { steps } },
    },
    status: { applicationStatus: rows },
  };
  const parsed = parseSet(object, usualArgoSettings.sets, "argocd");
  if (!parsed.ok) throw new Error(parsed.error[0]?.message);
  return parsed.value;
}

const at = (step: string, more: object = {}) => ({
  matchExpressions: [{ key: "step", operator: "In", values: [step] }],
  ...more,
});
const row = (application: string, status: string, step = "1") => ({
  application,
  status,
  step,
  message: "",
  targetRevisions: [],
});
const statuses = ({ rows }: SetRollout) =>
  Object.fromEntries(
    (rows ?? []).map((one) => [(one as Row)["application"], `${(one as Row)["step"]} ${(one as Row)["status"]}`]),
  );

describe("rollout()", () => {
  const [a, b, c] = [wanted("a", "1"), wanted("b", "1"), wanted("c", "2")] as const;
  const steps = [at("1"), at("2")];

  test("leaves a set without steps alone", () => {
    const { apps, rows, orders } = rollout(setOf([]), { wanted: [a], live: [], now });
    expect([apps, rows, orders.size]).toEqual([[a], null, 0]);
  });

  test("takes automation off, and gives it back as an order with the same wishes", () => {
    const app = wanted("a", "1", { automated: { prune: true }, syncOptions: ["PruneLast=true"], retry: { limit: 2 } });
    const out = live(app, OLD, { sync: "OutOfSync" });
    const { apps, orders } = rollout(setOf(steps, [row("a", "Pending")]), { wanted: [app], live: [out], now });
    expect(apps[0]?.["spec"]).toMatchObject({ syncPolicy: { syncOptions: ["PruneLast=true"], retry: { limit: 2 } } });
    expect(apps[0]?.["spec"]).not.toHaveProperty("syncPolicy.automated");
    expect(orders.get("a")).toMatchObject({
      initiatedBy: { username: "applicationset-controller", automated: true },
      sync: { prune: true, syncOptions: ["PruneLast=true"] },
      retry: { limit: 2 },
    });
  });

  test("begins with the first step, and with the next once all of it is healthy", () => {
    const out = (app: Resource) => live(app, NEW, { sync: "OutOfSync", ran: OLD });
    const first = rollout(setOf(steps), { wanted: [a, b, c], live: [out(a), out(b), out(c)], now });
    expect(statuses(first)).toEqual({ a: "1 Pending", b: "1 Pending", c: "2 Waiting" });
    expect([...first.orders.keys()]).toEqual(["a", "b"]);

    const half = rollout(setOf(steps, first.rows ?? []), {
      wanted: [a, b, c],
      live: [live(a, NEW), live(b, NEW, { health: "Progressing" }), out(c)],
      now,
    });
    expect(statuses(half)).toEqual({ a: "1 Healthy", b: "1 Progressing", c: "2 Waiting" });

    const next = rollout(setOf(steps, half.rows ?? []), {
      wanted: [a, b, c],
      live: [live(a, NEW), live(b, NEW), out(c)],
      now,
    });
    expect(statuses(next)).toEqual({ a: "1 Healthy", b: "1 Healthy", c: "2 Pending" });
    expect([...next.orders.keys()]).toEqual(["c"]);
  });

  test("gives no second order while one is at work, and none that failed on the same revision", () => {
    const busy = live(a, NEW, { sync: "OutOfSync", phase: "Running" });
    expect(rollout(setOf(steps, [row("a", "Pending")]), { wanted: [a], live: [busy], now }).orders.size).toBe(0);
    const failed = live(a, NEW, { sync: "OutOfSync", phase: "Failed" });
    const stuck = rollout(setOf(steps, [row("a", "Progressing")]), {
      wanted: [a, c],
      live: [failed, live(c, NEW, { sync: "OutOfSync" })],
      now,
    });
    expect([statuses(stuck), stuck.orders.size]).toEqual([{ a: "1 Progressing", c: "2 Waiting" }, 0]);
    const newer = live(a, NEW, { sync: "OutOfSync", phase: "Failed", ran: OLD });
    expect(statuses(rollout(setOf(steps, [row("a", "Progressing")]), { wanted: [a], live: [newer], now }))).toEqual({
      a: "1 Pending",
    });
  });

  test("lets no step overtake one before it that has not seen the commit", () => {
    const rows = [row("a", "Healthy"), row("c", "Healthy", "2")];
    const made = rollout(setOf(steps, rows), {
      wanted: [a, c],
      live: [live(a, OLD), live(c, NEW, { sync: "OutOfSync", ran: OLD })],
      now,
    });
    expect(statuses(made)).toEqual({ a: "1 Healthy", c: "2 Waiting" });
  });

  const limits = [
    { maxUpdate: 1, want: 1 },
    { maxUpdate: "50%", want: 2 },
    { maxUpdate: "1%", want: 1 },
    { maxUpdate: "0%", want: 0 },
    { maxUpdate: 0, want: 0 },
    { want: 4 },
  ];
  for (const { want, ...more } of limits) {
    test(`starts ${want} of four at once with ${JSON.stringify(more)}`, () => {
      const four = ["a", "b", "c", "d"].map((name) => wanted(name, "1"));
      const out = four.map((app) => live(app, NEW, { sync: "OutOfSync", ran: OLD }));
      expect(rollout(setOf([at("1", more)]), { wanted: four, live: out, now }).orders.size).toBe(want);
    });
  }

  test("an app that no step selects waits outside of all", () => {
    const other = wanted("x", "9");
    const made = rollout(setOf(steps), {
      wanted: [other],
      live: [live(other, NEW, { sync: "OutOfSync", ran: OLD })],
      now,
    });
    expect([statuses(made), made.orders.size]).toEqual([{ x: "-1 Waiting" }, 0]);
  });

  test("NotIn selects what has another value or none", () => {
    const step = { matchExpressions: [{ key: "step", operator: "NotIn", values: ["1"] }] };
    const out = [a, c].map((app) => live(app, NEW, { sync: "OutOfSync", ran: OLD }));
    expect([...rollout(setOf([step]), { wanted: [a, c], live: out, now }).orders.keys()]).toEqual(["c"]);
  });
});
