import { expect, test } from "vitest";
import { settingValues } from "./setting-values.ts";
import { parseSourceSettings, usualSources } from "./settings-source.ts";

function read(cm: Record<string, string>, params: Record<string, string> = {}) {
  const values = settingValues({ "argocd-cm": cm, "argocd-cmd-params-cm": params });
  return { settings: parseSourceSettings(values, usualSources), problems: values.problems };
}

test("sources have submodules, and values files come from web servers, unless they are not to", () => {
  expect(read({}).settings).toEqual({ ...usualSources, submodules: true, valuesFileSchemes: ["https", "http"] });
  const { settings, problems } = read(
    { "helm.valuesFileSchemes": "HTTPS" },
    { "reposerver.enable.git.submodule": "false" },
  );
  expect(settings).toEqual({ ...usualSources, submodules: false, valuesFileSchemes: ["https"] });
  expect(problems).toEqual([]);
});

test("what cannot be used counts as before, and is named", () => {
  const { settings, problems } = read(
    { "helm.valuesFileSchemes": "https, s3" },
    { "reposerver.enable.git.submodule": "perhaps" },
  );
  expect(settings).toEqual(usualSources);
  expect(problems).toEqual([
    { object: "argocd-cmd-params-cm", path: "reposerver.enable.git.submodule", message: expect.any(String) as string },
    { object: "argocd-cm", path: "helm.valuesFileSchemes", message: "values files at s3:// are not supported yet" },
  ]);
});
