import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChartServer } from "../support/chart-server.ts";
import { everythingTold, formsOf } from "./everything-told.ts";
import { conditionOf, useFluxWorld } from "./flux-world.ts";
import { configTemplate, HelmSpace, stateOf } from "./helm-space.ts";

const world = useFluxWorld();
let server: ChartServer;

const lookup = '{{ (lookup "v1" "Secret" .Release.Namespace "other").data }}';
const token = "{{ .Values.token }}";
const secretTemplate = `apiVersion: v1\nkind: Secret\nmetadata: {name: "{{ .Release.Name }}-s"}\nstringData: {token: "${token}"}\n`;

beforeAll(async () => {
  server = await new ChartServer().start();
  const a = { "values.yaml": "color: blue\n", "templates/a.yaml": configTemplate("a") };
  const schema = { type: "object", properties: { size: { type: "integer" }, token: { type: "string", maxLength: 8 } } };
  const publish = (name: string, files: Record<string, string>) =>
    server.publish(name, "1.0.0", { files: { ...a, ...files } });
  publish("strict", { "values.schema.json": JSON.stringify(schema) });
  publish("wrong", {
    "templates/b.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.none.at.all }}\n",
  });
  publish("twice", { "templates/b.yaml": configTemplate("a", "again") });
  publish("looking", { "templates/b.yaml": configTemplate("b", lookup) });
  publish("keeping", { "templates/s.yaml": secretTemplate });
  publish("breaking", { "templates/s.yaml": secretTemplate.replace(`"${token}"`, token) });
  publish("refused", {
    "templates/s.yaml": `apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {ports: none}\n`,
  });
});
afterAll(() => server.stop());

const helmSpace = async (name: string) => new HelmSpace(world(), await world().space(name), server.url);

/** Waits until nothing more is tried, and says what Ready says. */
async function stalled(helm: HelmSpace): Promise<string> {
  const status = await helm.status("stalled", (one) => stateOf(one, "Stalled") === "True");
  expect(stateOf(status, "Ready")).toBe("False");
  return conditionOf(status, "Ready")?.message ?? "";
}

/** Nothing of the chart was applied. */
async function untouched(helm: HelmSpace): Promise<void> {
  expect(await world().get(helm.space.configMap(`${helm.name}-a`))).toBeNull();
}

async function account(helm: HelmSpace, rules: readonly object[]): Promise<void> {
  const metadata = { name: "tenant", namespace: helm.name };
  const rbac = "rbac.authorization.k8s.io";
  const roleRef = { apiGroup: rbac, kind: "Role", name: "tenant" };
  const subjects = [{ kind: "ServiceAccount", ...metadata }];
  for (const object of [
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: `${rbac}/v1`, kind: "Role", metadata, rules },
    { apiVersion: `${rbac}/v1`, kind: "RoleBinding", metadata, roleRef, subjects },
  ])
    await world().apply(object);
}

describe.concurrent("a HelmRelease that cannot be", () => {
  test("values against the chart's schema are refused by path, and right ones are installed", async () => {
    const helm = await helmSpace("bad-values");
    await helm.release("strict", "1.0.0", { values: { size: "large" } });
    expect(await stalled(helm)).toMatch(/strict.*size.*integer/s);
    await untouched(helm);
    await helm.release("strict", "1.0.0", { values: { size: 1 } });
    await helm.ready(1);
  });

  test("a template that fails is named with its file and line", async () => {
    const helm = await helmSpace("bad-template");
    await helm.release("wrong", "1.0.0");
    expect(await stalled(helm)).toContain("wrong/templates/b.yaml:4");
    await untouched(helm);
  });

  test("two objects with one identity are refused", async () => {
    const helm = await helmSpace("bad-twice");
    await helm.release("twice", "1.0.0");
    expect(await stalled(helm)).toMatch(/registered id: ConfigMap.*bad-twice-a/);
    await untouched(helm);
  });

  test("an object of the wrong shape is named before anything is written", async () => {
    const helm = await helmSpace("bad-object");
    await helm.release("refused", "1.0.0");
    expect(await stalled(helm)).toContain("Service/bad-object/bad");
    await untouched(helm);
  });

  test("a lookup without the right to it names the right and who lacks it", async () => {
    const helm = await helmSpace("bad-lookup");
    const rules = [
      { apiGroups: [""], resources: ["configmaps"], verbs: ["*"] },
      { apiGroups: [""], resources: ["secrets"], verbs: ["create"] },
    ];
    await account(helm, rules);
    await helm.release("looking", "1.0.0", { serviceAccountName: "tenant" });
    const message = await stalled(helm);
    expect(message).toContain("system:serviceaccount:bad-lookup:tenant");
    expect(message).toMatch(/secrets "other" is forbidden/);
    await untouched(helm);
  });

  test("an account that may not keep the record of a release is named", async () => {
    const helm = await helmSpace("bad-record");
    await account(helm, [{ apiGroups: [""], resources: ["configmaps"], verbs: ["*"] }]);
    await helm.release("strict", "1.0.0", { serviceAccountName: "tenant" });
    const message = await stalled(helm);
    expect(message).toContain('User "system:serviceaccount:bad-record:tenant" cannot create resource "secrets"');
    await untouched(helm);
    const all = [{ apiGroups: [""], resources: ["configmaps", "secrets"], verbs: ["*"] }];
    await account(helm, all);
    await helm.release("strict", "1.0.0", { values: { size: 2 } });
    await helm.ready(1);
  });

  test("values that are missing or no YAML are named, and what comes later is installed", async () => {
    const helm = await helmSpace("bad-references");
    await helm.release("strict", "1.0.0", { valuesFrom: [{ kind: "ConfigMap", name: "late" }] });
    const missing = await helm.status("not ready", (status) => stateOf(status, "Ready") === "False");
    expect(conditionOf(missing, "Ready")?.message).toContain("ConfigMap chart values reference 'bad-references/late'");
    const metadata = { name: "late", namespace: helm.name };
    const put = (text: string) =>
      world().apply({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { "values.yaml": text } });
    await put("color: [");
    const isTold = (message = "") => message.includes("ConfigMap/late") && !message.includes("not found");
    await helm.status("told", (status) => isTold(conditionOf(status, "Ready")?.message));
    await put("color: green");
    await helm.ready(1);
    await helm.space.holds("bad-references-a", { color: "green" });
  });
});

test("nothing secret of a release is in a status, an event, an inventory, the log or the history", async () => {
  const canaries = { kept: "canary-kept-41c7", breaking: "canary-breaking-9a0e: {", long: "canary-too-long-77d2" };
  const spaces: HelmSpace[] = [];
  for (const [name, canary] of Object.entries(canaries)) {
    const helm = await helmSpace(`told-${name}`);
    const metadata = { name: "values", namespace: helm.name };
    await world().apply({ apiVersion: "v1", kind: "Secret", metadata, stringData: { token: canary } });
    const valuesFrom = [{ kind: "Secret", name: "values", valuesKey: "token", targetPath: "token", literal: true }];
    const chart = { kept: "keeping", breaking: "breaking", long: "strict" }[name] ?? "";
    await helm.release(chart, "1.0.0", { valuesFrom, driftDetection: { mode: "enabled" } });
    spaces.push(helm);
  }
  const [kept, breaking, long] = spaces as [HelmSpace, HelmSpace, HelmSpace];
  await kept.ready(1);
  await world().patch(kept.space.at("v1", "Secret", "told-kept-s"), { stringData: { token: "by hand" } });
  await kept.status("corrected", (status) => stateOf(status, "Drifted") === "False");
  expect(await stalled(breaking)).toContain("breaking/templates/s.yaml");
  expect(await stalled(long)).toContain("token");
  for (const helm of spaces) {
    const told = await everythingTold(world(), helm.space);
    expect(told).toContain(helm.name);
    for (const canary of Object.values(canaries)) {
      const found = formsOf(canary).filter((form) => told.includes(form));
      expect([helm.name, canary, found]).toEqual([helm.name, canary, []]);
    }
  }
});
