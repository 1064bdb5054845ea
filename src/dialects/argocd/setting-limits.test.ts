import { describe, expect, test } from "vitest";
import type { SettingsData } from "#core/app/dialect.ts";
import { usualSettings } from "#core/app/settings.ts";
import { argoDialectIn } from "./argo-dialect.ts";
import { parseSettings, usualArgoSettings } from "./settings.ts";
import { application, nothing } from "./testdata/build-app.ts";
import { report } from "./testdata/build-report.ts";

function keysOf(data: Readonly<Record<string, string>>, before = usualArgoSettings) {
  const { settings } = parseSettings({ "argocd-cm": data } satisfies SettingsData, before);
  return { settings, keys: settings.unreadable?.map(({ path }) => path) };
}

const BROKEN = "kinds: [";

describe("limits that cannot be read", () => {
  for (const key of [
    "resource.exclusions",
    "resource.inclusions",
    "resource.customizations",
    "resource.customizations.ignoreDifferences.apps_Deployment",
    "globalProjects",
  ]) {
    test(`${key} holds from the start until it can be used`, () => {
      const first = keysOf({ [key]: BROKEN });
      expect(first.keys).toEqual([key]);
      const second = keysOf({ [key]: `${BROKEN}[`, installationID: "x" }, first.settings);
      expect(second.keys).toEqual([key]);
      expect(keysOf({}, second.settings).keys).toEqual([]);
    });
  }

  test("do not hold where the last reading counts, nor where they limit nothing", () => {
    const { settings } = keysOf({ "resource.exclusions": "- {kinds: [Secret]}" });
    const broken = keysOf({ "resource.exclusions": BROKEN }, settings);
    expect(broken.keys).toEqual([]);
    expect(broken.settings.exclusions.excluded).toMatchObject([{ kinds: ["Secret"] }]);
    expect(keysOf({ "timeout.reconciliation": "soon" }).keys).toEqual([]);
  });

  test("stop every application by their key, which is no fault of its spec", () => {
    const dialect = argoDialectIn("argocd", keysOf({ "resource.exclusions": BROKEN }).settings);
    const object = application();
    const parsed = dialect.parseApp(object, nothing, usualSettings("argocd"));
    if (parsed.ok) throw new Error("It is not refused");
    const told = dialect.reportApp({
      object,
      app: null,
      report: report({ phase: { kind: "invalid", problems: parsed.error } }),
    });
    expect(told.status["conditions"]).toMatchObject([
      {
        type: "UnknownError",
        message: expect.stringMatching(
          /^argocd-cm: resource\.exclusions cannot be used: .*; nothing is written or deleted until it can$/,
        ) as string,
      },
    ]);
  });
});

test("the own cluster is no destination where the installation says so", () => {
  const { settings } = keysOf({ "cluster.inClusterEnabled": "false" });
  const parse = (argo: typeof settings) =>
    argoDialectIn("argocd", argo).parseApp(application(), nothing, usualSettings("argocd"));
  expect(parse(usualArgoSettings).ok).toBe(true);
  expect(parse(settings)).toMatchObject({
    ok: false,
    error: [
      {
        path: "spec.destination",
        message: 'cluster "https://kubernetes.default.svc" is disabled: cluster.inClusterEnabled of argocd-cm is false',
      },
    ],
  });
});
