import type { Resource } from "#core/resource/resource.ts";
import type { ChartServer } from "../support/chart-server.ts";
import { configTemplate, jobTemplate } from "./helm-space.ts";

/** A Deployment as a manifest, with members of its container besides. */
export function webDeployment(name: string, extra: object = {}): Resource {
  const containers = [{ name: "web", image: "registry.example/web:1.0.0", resources: {}, ...extra }];
  const spec = {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    strategy: {},
    template: { metadata: { labels: { app: name } }, spec: { containers } },
  };
  return { apiVersion: "apps/v1", kind: "Deployment", metadata: { name }, spec };
}

/** A ConfigMap as an object. */
export function config(name: string, data: object = { value: "1" }): Resource {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data };
}

const files = {
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

/** Publishes a chart in two versions, and a third to which an upgrade does not end by itself. */
export function publishWeb(charts: ChartServer): Map<string, Uint8Array> {
  const hook = jobTemplate("slow", { "helm.sh/hook": "pre-upgrade" }, "hang");
  charts.publish("web", "2.0.0", { files: { ...files, "templates/before.yaml": hook } });
  return new Map(["1.0.0", "1.1.0"].map((version) => [`web-${version}`, charts.publish("web", version, { files })]));
}

/** Objects that came, went or were written between two looks, by kind, namespace and name. */
export function changed(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): readonly string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => before[name] !== after[name]).sort();
}

/** The engine's own records among what was looked at. */
export function inventoriesOf(versions: Readonly<Record<string, string>>): readonly string[] {
  return Object.keys(versions).filter((name) => name.startsWith("Inventory/"));
}
