import { expect, test } from "vitest";
import { parseSettings, usualArgoSettings } from "./settings.ts";

test("what is ignored everywhere may stand in a key of its kind or in the older map", () => {
  const rules = (data: Readonly<Record<string, string>>) =>
    [...parseSettings({ "argocd-cm": data }, usualArgoSettings).settings.compare.ignore.values()].map(
      ({ group, kind, pointers }) => [group, kind, ...pointers].join(" "),
    );
  const ignored = "jsonPointers: [/spec/replicas]";
  expect(rules({ "resource.customizations.ignoreDifferences.apps_Deployment": ignored })).toEqual([
    "apps Deployment /spec/replicas",
  ]);
  const older = JSON.stringify({ "apps/StatefulSet": { ignoreDifferences: ignored } });
  expect(rules({ "resource.customizations": older })).toEqual(["apps StatefulSet /spec/replicas"]);
});
