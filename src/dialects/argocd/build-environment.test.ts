import { describe, expect, test } from "vitest";
import { buildEnvironment, BUILD_VARIABLES, plainVersion, substituted } from "./build-environment.ts";

const target = { cluster: "in-cluster", kubeconfig: null, namespace: "web", impersonate: null };
const app = { target, instance: "team_shop", project: "team" };
const fields = { repoURL: "https://git.example/shop", path: "deploy", targetRevision: "main" };
const revision = { text: "0123456789abcdef", commit: "0123456789abcdef", refName: null };

test("the build environment tells of app, source and cluster", () => {
  const cluster = { kubeVersion: "v1.33.2+k3s1", apiVersions: ["v1", "apps/v1"] };
  const environment = buildEnvironment(app, fields, { revision, cluster });
  expect(environment).toEqual({
    ARGOCD_APP_NAME: "team_shop",
    ARGOCD_APP_NAMESPACE: "web",
    ARGOCD_APP_PROJECT_NAME: "team",
    ARGOCD_APP_REVISION: "0123456789abcdef",
    ARGOCD_APP_REVISION_SHORT: "0123456",
    ARGOCD_APP_REVISION_SHORT_8: "01234567",
    ARGOCD_APP_SOURCE_PATH: "deploy",
    ARGOCD_APP_SOURCE_REPO_URL: "https://git.example/shop",
    ARGOCD_APP_SOURCE_TARGET_REVISION: "main",
    KUBE_VERSION: "1.33.2",
    KUBE_API_VERSIONS: "v1,apps/v1",
  });
  expect(new Set(Object.keys(environment))).toEqual(BUILD_VARIABLES);
  expect(plainVersion("1.30")).toBe("1.30");
});

describe("substituted()", () => {
  const environment = { NAME: "shop", A_1: "one", __proto__: "x" };
  const cases: [string, string][] = [
    ["plain", "plain"],
    ["$NAME", "shop"],
    ["${NAME}-${A_1}", "shop-one"],
    ["$NAME.yaml $A_1/x", "shop.yaml one/x"],
    ["$NAMED", ""],
    ["$$NAME", "$NAME"],
    ["$$$NAME", "$shop"],
    ["a $ b", "a $ b"],
    ["100% of 5$", "100% of 5$"],
    ["$toString${constructor}", ""],
  ];
  for (const [text, want] of cases) {
    test(text, () => expect(substituted(text, environment)).toBe(want));
  }
});
