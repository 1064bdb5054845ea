import type { ChartServer } from "../support/chart-server.ts";
import { configTemplate, jobTemplate } from "./helm-space.ts";

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
