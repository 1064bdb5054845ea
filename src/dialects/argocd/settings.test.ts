import { describe, expect, test } from "vitest";
import type { SettingsData } from "#core/app/dialect.ts";
import { parseSettings, usualArgoSettings } from "./settings.ts";

function read(argocdCm: Readonly<Record<string, string>>, before = usualArgoSettings) {
  const data: SettingsData = { "argocd-cm": argocdCm };
  return parseSettings(data, before);
}

/** What is there once all was read, and said nothing. */
const said = { ...usualArgoSettings, unreadable: [] };

describe("parseSettings()", () => {
  test("gives the usual settings where nothing is said, or only what nobody knows", () => {
    for (const data of [{}, { "argocd-cm": {} }, { "argocd-cm": { "my.own.key": "x", toString: "y" } }]) {
      expect(parseSettings(data, usualArgoSettings)).toEqual({ settings: said, problems: [] });
    }
  });

  test("goes back to the usual value when a key is taken out or emptied", () => {
    const { settings } = read({ "application.resourceTrackingMethod": "label" });
    expect(settings.tracking.method).toBe("label");
    expect(read({}, settings).settings.tracking.method).toBe("annotation");
    expect(read({ "application.resourceTrackingMethod": " " }, settings).settings.tracking.method).toBe("annotation");
  });

  test("keeps what counted before when a value cannot be used, and names its key", () => {
    const { settings: before } = read({ "application.resourceTrackingMethod": "label", installationID: "one" });
    const { settings, problems } = read(
      { "application.resourceTrackingMethod": "lable", installationID: "two" },
      before,
    );
    expect(settings.tracking).toMatchObject({ method: "label", installationId: "two" });
    expect(problems).toEqual([
      {
        object: "argocd-cm",
        path: "application.resourceTrackingMethod",
        message: '"lable" is none of annotation, annotation+label, label',
      },
    ]);
  });

  for (const [key, value] of [
    ["application.instanceLabelKey", "not a key"],
    ["application.instanceLabelKey", `${"x".repeat(1_000_000)}/y`],
    ["timeout.reconciliation", "soon"],
    ["timeout.reconciliation", "-5s"],
    ["timeout.reconciliation.jitter", "1e9h"],
  ] as const) {
    test(`refuses ${key}: ${value.slice(0, 20)} in few words`, () => {
      const { settings, problems } = read({ [key]: value });
      expect({ ...settings, unreadable: [] }).toEqual(said);
      expect(problems.map(({ path }) => path)).toEqual([key]);
      expect(problems[0]?.message.length).toBeLessThan(200);
    });
  }

  test("survives values that are built to explode", () => {
    const key = "resource.customizations.ignoreDifferences.all";
    for (const text of ["[".repeat(1_000_000), `- ${"{a: ".repeat(50_000)}`, "x".repeat(1_000_000)]) {
      const began = performance.now();
      const { settings, problems } = read({ [key]: text, "resource.exclusions": text });
      expect(performance.now() - began).toBeLessThan(2_000);
      expect({ ...settings, unreadable: [] }).toEqual(said);
      expect(new Set(problems.map(({ path }) => path))).toEqual(new Set([key, "resource.exclusions"]));
      for (const { message } of problems) expect(message.length).toBeLessThan(200);
    }
  });

  test("reads how often apps are looked at; 0 turns it off", () => {
    const polling = (value: string, jitter?: string) =>
      read({ "timeout.reconciliation": value, ...(jitter && { "timeout.reconciliation.jitter": jitter }) }).settings
        .polling;
    expect(polling("300s")).toEqual({ periodMs: 300_000, jitterMs: 60_000 });
    expect(polling("1h30m", "0s")).toEqual({ periodMs: 5_400_000, jitterMs: 0 });
    expect(polling("5ms", "0")).toEqual({ periodMs: 1_000, jitterMs: 0 });
    for (const off of ["0", "0s"]) expect(polling(off).periodMs).toBeGreaterThan(300 * 86_400_000);
  });
});
