import { describe, expect, test } from "vitest";
import { optionsOf } from "./object-options.ts";
import { usualArgoSettings } from "./settings.ts";
import { readSyncOptions } from "./sync-options.ts";
import { application, parsed } from "./testdata/build-app.ts";

const object = (annotations: Record<string, string> = {}) => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name: "a", namespace: "shop", annotations },
});
const own = (value: string) => object({ "argocd.argoproj.io/sync-options": value });
const app = (...syncOptions: string[]) => parsed(application({ syncPolicy: { syncOptions } }));

test("readSyncOptions() lets only deletions wait for a word", () => {
  const { options, warnings } = readSyncOptions(["Prune=confirm", "Delete=confirm", "Force=confirm"], "x");
  expect([options.prune, options.delete, options.force]).toEqual(["confirm", "confirm", null]);
  expect(warnings.map(({ message }) => message)).toEqual(['sync option "Force=confirm" in x has no effect']);
});

describe("optionsOf()", () => {
  const cases = [
    { name: "nothing asked for", resource: object(), live: null, given: [], want: { prune: true } },
    { name: "the app asks", resource: object(), live: null, given: ["Prune=confirm"], want: { confirms: ["prune"] } },
    { name: "the object asks", resource: own("Delete=confirm"), live: null, given: [], want: { confirms: ["delete"] } },
    {
      name: "the live object asks",
      resource: object(),
      live: own("Prune=confirm"),
      given: [],
      want: { confirms: ["prune"] },
    },
    {
      name: "the object says yes",
      resource: own("Prune=true"),
      live: null,
      given: ["Prune=confirm"],
      want: { prune: true },
    },
    {
      name: "the object says no",
      resource: own("Prune=false"),
      live: null,
      given: ["Prune=confirm"],
      want: { prune: false },
    },
    { name: "no validation", resource: own("Validate=false"), live: null, given: [], want: { unchecked: true } },
    { name: "validation after all", resource: own("Validate=true"), live: null, given: ["Validate=false"], want: {} },
    {
      name: "a kind that may come",
      resource: object(),
      live: null,
      given: ["SkipDryRunOnMissingResource=true"],
      want: { mayLackKind: true },
    },
    {
      name: "no migration",
      resource: object(),
      live: null,
      given: ["ClientSideApplyMigration=false"],
      want: { migrates: [] },
    },
    {
      name: "another writer to migrate from",
      resource: object({ "argocd.argoproj.io/client-side-apply-migration-manager": "tf" }),
      live: null,
      given: [],
      want: { migrates: ["tf"] },
    },
  ];
  for (const { name, resource, live, given, want } of cases) {
    test(name, () => {
      const { confirms, unchecked, mayLackKind, migrates, ...rest } = optionsOf(resource, live, {
        app: app(...given),
        argo: usualArgoSettings,
      });
      const extras = { confirms, unchecked, mayLackKind, migrates };
      const { prune, ...wanted } = { prune: true, ...want };
      expect(rest.prune).toBe(prune);
      expect(extras).toEqual({
        confirms: undefined,
        unchecked: undefined,
        mayLackKind: undefined,
        migrates: undefined,
        ...wanted,
      });
    });
  }
});
