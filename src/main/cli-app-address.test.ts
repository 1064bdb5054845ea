import { expect, test } from "vitest";
import { parseAppAddress } from "./cli-app-address.ts";
import { nearestNames } from "./cli-near-names.ts";
import { dialects } from "./dialects.ts";

const cases = [
  { name: "web", namespace: undefined, want: { short: null, namespace: undefined, name: "web" } },
  { name: "web", namespace: "shop", want: { short: null, namespace: "shop", name: "web" } },
  { name: "ks/web", namespace: "shop", want: { short: "ks", namespace: "shop", name: "web" } },
  { name: "Kustomization/web", namespace: undefined, want: { short: "ks", namespace: undefined, name: "web" } },
  { name: "app/argocd/web", namespace: undefined, want: { short: "app", namespace: "argocd", name: "web" } },
  { name: "app/argocd/web", namespace: "argocd", want: { short: "app", namespace: "argocd", name: "web" } },
];
for (const { name, namespace, want } of cases) {
  test(`parseAppAddress() reads ${name} with -n ${namespace ?? "nothing"}`, () => {
    expect(parseAppAddress({ name, namespace }, dialects)).toEqual(want);
  });
}

test("parseAppAddress() refuses what is no address and names the kinds there are", () => {
  for (const name of ["", "ks/", "/web", "a/b/c/d"])
    expect(() => parseAppAddress({ name }, dialects)).toThrow(/as an app/);
  expect(() => parseAppAddress({ name: "pod/web" }, dialects)).toThrow(/no kind of app called "pod"/);
  expect(() => parseAppAddress({ name: "ks/a/web", namespace: "b" }, dialects)).toThrow(/they differ/);
});

test("nearestNames() finds slips and parts of names, the closest first, and nothing far away", () => {
  const keys = ["app/argocd/payments", "ks/shop/web", "ks/shop/webshop", "ks/shop/db"];
  expect(nearestNames("wbe", ["ks/shop/wb", ...keys])).toEqual(["ks/shop/wb", "ks/shop/web"]);
  expect(nearestNames("web", keys)).toEqual(["ks/shop/web", "ks/shop/webshop"]);
  expect(nearestNames("paiments", keys)).toEqual(["app/argocd/payments"]);
  expect(nearestNames("monitoring", keys)).toEqual([]);
});
