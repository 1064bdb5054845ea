import { expect, test } from "vitest";
import { WHOLE_CLUSTER } from "./destination.ts";
import { impersonatedUser } from "./impersonation.ts";
import { namespaceMatches } from "./namespace-patterns.ts";

const server = "https://kubernetes.default.svc";
const accounts = (...entries: [string, string, string][]) => ({
  name: "team",
  ownClusters: [],
  limits: {
    destinationServiceAccounts: entries.map(([at, namespace, defaultServiceAccount]) => ({
      server: at,
      namespace,
      defaultServiceAccount,
    })),
  },
});
const userIn = (namespace: string, ...entries: [string, string, string][]) => {
  const destination = { server, name: "in-cluster", namespace, held: null, reach: WHOLE_CLUSTER };
  const found = impersonatedUser(accounts(...entries), destination, "argocd");
  return found.ok ? found.value : found.error[0]?.message;
};

test("the first entry that fits the destination names the account, in the destination's namespace or its own", () => {
  expect(userIn("web", ["https://other", "*", "a"], [server, "w*", "b"], ["*", "*", "c"])).toBe(
    "system:serviceaccount:web:b",
  );
  expect(userIn("web", ["*", "web", "ops:deployer"])).toBe("system:serviceaccount:ops:deployer");
  expect(userIn("", ["*", "", "deployer"])).toBe("system:serviceaccount:argocd:deployer");
});

test("nobody that fits, and a name that is none, are refused", () => {
  expect(userIn("web", [server, "shop", "a"])).toBe(
    "failed to find a matching service account to impersonate: " +
      `no matching service account found for destination server ${server} and namespace web`,
  );
  expect(userIn("web", ["*", "*", "a*"])).toBe("default service account contains invalid chars 'a*'");
});

test("namespaces are matched by globs, and between slashes by regular expressions", () => {
  const patterns = ["team-*", "/^prod-[0-9]+$/", "/(/"];
  expect(["team-a", "prod-12", "prod-x", "other"].map((name) => namespaceMatches(patterns, name))).toEqual([
    true,
    true,
    false,
    false,
  ]);
});
