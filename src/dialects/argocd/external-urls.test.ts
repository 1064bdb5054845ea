import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { externalUrlsOf } from "./external-urls.ts";
import { application } from "./testdata/build-app.ts";
import { objectReport } from "./testdata/build-report.ts";

const DOCS = "https://docs.example/shop";

function object(kind: string, parts: Record<string, unknown>, annotations: Record<string, string> = {}): Resource {
  const apiVersion = kind === "Ingress" ? "networking.k8s.io/v1" : "v1";
  return { apiVersion, kind, metadata: { name: "web", namespace: "shop", annotations }, ...parts };
}

function ingress(annotations: Record<string, string> = {}): Resource {
  const path = (text: string) => ({ path: text, backend: { service: { name: "web" } } });
  const rules = [
    { host: "shop.example", http: { paths: [path("/"), path("/cart*")] } },
    { host: "open.example", http: { paths: [path("/")] } },
    { http: { paths: [path("/by-address")] } },
    { host: "unused.example" },
  ];
  return object("Ingress", { spec: { rules, tls: [{ hosts: ["shop.example"] }] } }, annotations);
}

test("an app is found where its Ingresses serve it, and where annotations of it and of its objects say", () => {
  const app = application({}, { metadata: { annotations: { "link.argocd.argoproj.io/docs": DOCS } } });
  const links = {
    "link.argocd.argoproj.io/chart": "Charts|https://charts.example/d",
    "link.argocd.argoproj.io/bad": "javascript:alert(1)",
    "link.argocd.argoproj.io/worse": "https://ok.example|data:text/html,x",
  };
  const live = { ...ingress(), status: { loadBalancer: { ingress: [{ ip: "192.0.2.7" }] } } };
  const objects = [
    { ...objectReport(ingress()), live },
    objectReport(object("ConfigMap", {}, links)),
    objectReport(object("Service", {}, { "link.argocd.argoproj.io/again": DOCS })),
  ];
  expect(externalUrlsOf(app, objects)).toEqual([
    "Charts|https://charts.example/d",
    "http://192.0.2.7/by-address",
    "http://open.example/",
    DOCS,
    "https://shop.example/",
    "https://shop.example/cart",
  ]);
});

test("an Ingress whose default links are ignored names none but its own", () => {
  const annotations = { "argocd.argoproj.io/ignore-default-links": "true", "link.argocd.argoproj.io/own": DOCS };
  expect(externalUrlsOf(application(), [objectReport(ingress(annotations))])).toEqual([DOCS]);
});

test("what nobody can read names nothing", () => {
  const odd = [{ rules: "x" }, { rules: [null, { host: 1, http: { paths: [null, {}] } }], tls: [1] }, null];
  for (const spec of odd)
    expect(externalUrlsOf(application(), [objectReport(object("Ingress", { spec }))])).toEqual([]);
});
