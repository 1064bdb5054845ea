import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { findProject, projectProblems } from "./project.ts";
import { judgeKind, judgeSource } from "./project-rules.ts";
import { parseSettings, usualArgoSettings } from "./settings.ts";

function project(name: string, spec: Record<string, unknown>, labels: Record<string, string> = {}): Resource {
  const metadata = { name, namespace: "argocd", labels };
  return { apiVersion: "argoproj.io/v1alpha1", kind: "AppProject", metadata, spec };
}

function found(globalProjects: string, ...projects: Resource[]) {
  const { settings, problems } = parseSettings({ "argocd-cm": { globalProjects } }, usualArgoSettings);
  const lookup = (_kind: string, _namespace: string, name: string) =>
    projects.find(({ metadata }) => metadata.name === name) ?? null;
  const limits = findProject("team", lookup, { controlNamespace: "argocd", argo: settings });
  return { limits, problems };
}

const NO_SECRETS = {
  namespaceResourceBlacklist: [{ group: "", kind: "Secret" }],
  sourceRepos: ["https://all.example/*"],
};
const BY_LABEL = "- {projectName: all, labelSelector: {matchExpressions: [{key: tier, operator: In, values: [prod]}]}}";
const secret = { name: "s", namespaced: true };

describe("global projects", () => {
  test("add their limits to the projects that they select, and to no others", () => {
    const all = project("all", NO_SECRETS);
    const own = { sourceRepos: ["https://own.example/*"] };
    for (const [tier, isSelected] of [["prod", true] as const, ["test", false] as const]) {
      const { limits } = found(BY_LABEL, all, project("team", own, { tier }));
      expect(limits && judgeKind(limits, { group: "", kind: "Secret" }, secret).permitted).toBe(!isSelected);
      expect(limits && judgeSource(limits, "https://all.example/x").permitted).toBe(isSelected);
      expect(limits && judgeSource(limits, "https://own.example/x").permitted).toBe(true);
    }
  });

  test("that do not exist add nothing, and a malformed one is told", () => {
    const team = project("team", { sourceRepos: ["*"] }, { tier: "prod" });
    expect(found(BY_LABEL, team).limits?.limits).toEqual({ sourceRepos: ["*"] });
    const { limits } = found(BY_LABEL, team, project("all", { sourceRepos: "everything" }));
    expect(limits && projectProblems(limits).map(({ path }) => path)).toEqual(["AppProject team: spec.sourceRepos"]);
  });

  for (const text of [
    "projectName: all",
    "- {}",
    "- {projectName: all, labelSelector: {matchExpressions: [{key: a, operator: Near}]}}",
    "- {projectName: all, labelSelector: {matchLabels: {a: 1}}}",
  ]) {
    test(`${text} is refused by its key`, () => {
      expect(found(text).problems.map(({ path }) => path)).toEqual(["globalProjects"]);
    });
  }
});
