import { describe, expect, test } from "vitest";
import type { ProjectFields } from "./project-schema.ts";
import { windowProblems, windowsOf } from "./sync-windows.ts";

type Fields = NonNullable<ProjectFields["syncWindows"]>[number];

const plain = { kind: "deny", schedule: "0 22 * * *", duration: "1h" };
const shop = { name: "shop", namespace: "web", clusters: ["in-cluster", "https://kubernetes.default.svc"] };

describe("windowsOf()", () => {
  test.each([
    [{ applications: ["sh*"] }, true],
    [{ applications: ["cart"] }, false],
    [{ namespaces: ["web"] }, true],
    [{ clusters: ["in-*"] }, true],
    [{ clusters: ["https://kubernetes.default.svc"] }, true],
    [{ applications: ["cart"], namespaces: ["web"] }, true],
    [{ applications: ["cart"], namespaces: ["web"], andOperator: true }, false],
    [{ applications: ["shop"], namespaces: ["web"], andOperator: true }, true],
    [{ applications: ["*"], clusters: [], andOperator: true }, true],
    [{}, false],
  ] satisfies [Partial<Fields>, boolean][])("a window with %o is about the application: %s", (selectors, want) => {
    expect(windowsOf({ syncWindows: [{ ...plain, ...selectors }] }, shop).length > 0).toBe(want);
  });

  test("what is not said is UTC and lets nobody", () => {
    expect(
      windowsOf(
        { syncWindows: [{ ...plain, applications: ["*"], timeZone: "Europe/Rome", description: "night" }] },
        shop,
      ),
    ).toMatchObject([
      {
        kind: "deny",
        durationMs: 3_600_000,
        zone: "Europe/Rome",
        manualSync: false,
        overrun: false,
        text: "deny window '0 22 * * *' for 1h (Europe/Rome, night)",
      },
    ]);
  });
});

describe("windowProblems()", () => {
  test.each([
    [{ kind: "forbid" }, "kind 'forbid' mismatch: can only be allow or deny"],
    [{ schedule: "61 * * * *" }, `cannot parse schedule '61 * * * *': "61" is not within 0-59`],
    [{ duration: "long" }, "cannot parse duration 'long'"],
    [{ duration: "60" }, "cannot parse duration '60'"],
    [{ timeZone: "Mars/Olympus" }, "cannot parse 'Mars/Olympus' as time zone"],
  ])("%o is told with its place", (wrong, message) => {
    expect(windowProblems("team", { syncWindows: [plain, { ...plain, ...wrong }] })).toEqual([
      {
        path: "AppProject team: spec.syncWindows[1]",
        message: `AppProject team: spec.syncWindows[1]: ${message}`,
      },
    ]);
  });
});
