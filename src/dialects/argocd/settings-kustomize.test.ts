import { describe, expect, test } from "vitest";
import { kustomizeOptions, kustomizeProblems } from "./parse-kustomize.ts";
import { parseSettings, usualArgoSettings } from "./settings.ts";

function read(argocdCm: Readonly<Record<string, string>>) {
  const { settings, problems } = parseSettings({ "argocd-cm": argocdCm }, usualArgoSettings);
  return { kustomize: settings.kustomize, problems: problems.map(({ path, message }) => `${path}: ${message}`) };
}

const optionsOf = (text: string) => read({ "kustomize.buildOptions": text });

describe("parseSettings() reads kustomize.buildOptions", () => {
  const cases: [string, object][] = [
    ["--enable-helm", { enableHelm: true }],
    ["--enable-helm=false", { enableHelm: false }],
    ["--load-restrictor LoadRestrictionsNone --enable-helm", { rootOnly: false, enableHelm: true }],
    ["--load-restrictor=LoadRestrictionsRootOnly", { rootOnly: true }],
    [" --reorder  legacy\n--enable-managedby-label", { reorder: "legacy", managedByLabel: true }],
    [
      "--helm-kube-version 1.30.0 --helm-api-versions=a/v1,b/v1 --helm-api-versions c/v1 --helm-debug",
      { kubeVersion: "1.30.0", apiVersions: ["a/v1", "b/v1", "c/v1"] },
    ],
  ];
  for (const [text, want] of cases) {
    test(text, () => expect(optionsOf(text)).toEqual({ kustomize: { options: want, byVersion: {} }, problems: [] }));
  }

  test("with what would start programs told by name, and the rest taken", () => {
    const { kustomize, problems } = optionsOf(
      "--enable-alpha-plugins --enable-exec --helm-command /bin/x --enable-helm",
    );
    expect(kustomize.options).toEqual({ enableHelm: true });
    expect(problems).toEqual([
      "kustomize.buildOptions: --enable-alpha-plugins, --enable-exec, --helm-command: not supported, builds go on without",
    ]);
  });

  const broken: [string, string][] = [
    ["--enable-hlem", '"--enable-hlem" is no option of kustomize build'],
    ["--enable-helm=maybe", '--enable-helm: "maybe" is neither true nor false'],
    ["--load-restrictor no", '--load-restrictor: "no" is neither LoadRestrictionsRootOnly nor LoadRestrictionsNone'],
    ["--reorder", '--reorder: "" is neither legacy nor none'],
  ];
  for (const [text, want] of broken) {
    test(`and refuses ${text}`, () => {
      expect(optionsOf(text)).toEqual({
        kustomize: usualArgoSettings.kustomize,
        problems: [`kustomize.buildOptions: ${want}`],
      });
    });
  }
});

describe("a kustomize block", () => {
  const { kustomize } = read({
    "kustomize.buildOptions": "--enable-helm",
    "kustomize.buildOptions.v5.8.1": "--reorder none",
  });

  test("gets the options of the installation, or those of its version", () => {
    expect(kustomizeOptions(undefined, { kustomize })).toEqual({ enableHelm: true });
    expect(kustomizeOptions({ version: "v5.8.1" }, { kustomize })).toEqual({ reorder: "none" });
    expect(kustomizeOptions({ version: "v5.8" }, { kustomize })).toEqual({ enableHelm: true });
  });

  test("tells charts of the cluster, of what the installation says, and of what itself says", () => {
    const cluster = { kubeVersion: "v1.36.3+x", apiVersions: ["v1"] };
    const { kustomize: told } = read({ "kustomize.buildOptions": "--enable-helm --helm-kube-version 1.35.0" });
    const own = { kubeVersion: "v1.30.0", apiVersions: ["a/v1"] };
    expect(kustomizeOptions({}, { kustomize, cluster })).toMatchObject({ kubeVersion: "1.36.3", apiVersions: ["v1"] });
    expect(kustomizeOptions({}, { kustomize: told, cluster })).toMatchObject({ kubeVersion: "1.35.0" });
    expect(kustomizeOptions(own, { kustomize: told, cluster })).toMatchObject({
      kubeVersion: "1.30.0",
      apiVersions: ["a/v1"],
    });
  });

  test("may name the version that is built in, and no other", () => {
    for (const version of ["", "v5.8", "v5.8.1", "5.8.1"])
      expect(kustomizeProblems({ version }, "spec.source")).toEqual([]);
    for (const version of ["v4.5.7", "v5.80", "mine"]) {
      const message = `spec.source.kustomize.version: "${version}" is not built in: take the field out for kustomize v5.8`;
      expect(kustomizeProblems({ version }, "spec.source")).toEqual([
        { path: "spec.source.kustomize.version", message },
      ]);
    }
  });
});
