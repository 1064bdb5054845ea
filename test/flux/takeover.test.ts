import { setTimeout as later } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { ChartServer } from "../support/chart-server.ts";
import { configTemplate, jobTemplate } from "./helm-space.ts";
import { fingerprint, useTakeoverWorld } from "./takeover-world.ts";

const deploymentOf = (name: string, extra: object = {}): object => ({
  replicas: 1,
  selector: { matchLabels: { app: name } },
  strategy: {},
  template: {
    metadata: { labels: { app: name } },
    spec: { containers: [{ name: "web", image: "registry.example/web:1.0.0", resources: {}, ...extra }] },
  },
});
const deployment = (name: string, extra: object = {}): Resource => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name },
  spec: deploymentOf(name, extra),
});
const config = (name: string, data: object = { value: "1" }): Resource => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name },
  data,
});

const web = {
  "values.yaml": "color: blue\nimage: web:1.0.0\nextra: true\n",
  "templates/config.yaml": configTemplate("config"),
  "templates/extra.yaml": `{{ if .Values.extra }}\n${configTemplate("extra", "x")}{{ end }}`,
  "templates/web.yaml": [
    "apiVersion: apps/v1",
    "kind: Deployment",
    'metadata: {name: "{{ .Release.Name }}-web"}',
    "spec:",
    "  replicas: 1",
    "  selector: {matchLabels: {app: web}}",
    "  template:",
    "    metadata: {labels: {app: web}}",
    '    spec: {containers: [{name: web, image: "registry.example/{{ .Values.image }}"}]}\n',
  ].join("\n"),
  "templates/account.yaml": 'apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: "{{ .Release.Name }}"}\n',
  "templates/before.yaml": jobTemplate("before", {
    "helm.sh/hook": "pre-install,pre-upgrade",
    "helm.sh/hook-delete-policy": "hook-succeeded",
  }),
  "templates/NOTES.txt": "The color is {{ .Values.color }}.",
};

function publish(charts: ChartServer): Map<string, Uint8Array> {
  return new Map(
    ["1.0.0", "1.1.0"].map((version) => [`web-${version}`, charts.publish("web", version, { files: web })]),
  );
}

const takeover = useTakeoverWorld(publish);

describe("beside a Flux that runs", () => {
  test("nothing is written, and commands tell what would be", async () => {
    const { world, flux, holdfast } = bound();
    const app = await takeover().fluxKustomization("watched", [deployment("web"), config("a")]);
    const helm = await takeover().fluxRelease("watched-hr", "web", "1.0.0", { values: { color: "red" } });
    await takeover().shadowed("ks/watched/watched");
    await takeover().shadowed("hr/watched-hr/watched-hr");
    const before = await takeover().versions("watched", "watched-hr");
    await later(3_000);
    expect(await takeover().versions("watched", "watched-hr")).toEqual(before);
    expect(await flux.wouldUpgrade(helm.ref)).toEqual([]);
    expect(await holdfast("diff", "ks/watched")).toMatchObject({ code: 0, out: "" });
    expect((await holdfast("render", "hr/watched-hr")).out).toContain("name: watched-hr-web");
    expect(await holdfast("diff", "hr/watched-hr")).toMatchObject({ code: 0, out: "" });
    expect((await holdfast("why", "hr/watched-hr")).out).toContain("holdfast adopt hr/watched-hr/watched-hr");

    await app.declare([deployment("web"), config("a", { value: "2" })]);
    await helm.release("web", "1.1.0", { values: { color: "green" } });
    const changed = await holdfast("diff", "ks/watched");
    expect(changed).toMatchObject({ code: 3, out: expect.stringContaining('+  value: "2"') as string });
    const upgraded = await holdfast("diff", "hr/watched-hr");
    expect(upgraded).toMatchObject({ code: 3, out: expect.stringContaining("+  color: green") as string });
    expect(await world.get(app.space.configMap("a"))).toMatchObject({ data: { value: "1" } });
  });
});

function bound() {
  const { world, flux } = takeover();
  return { world, flux, holdfast: (...args: string[]) => takeover().holdfast(...args) };
}
void fingerprint;
