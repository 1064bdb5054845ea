import type { FileSpec } from "../test/support/git-server.ts";
import type { Resource } from "#core/resource/resource.ts";

/** Objects per app. */
export const OBJECTS_PER_APP = 5;

const BASE = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 0
  selector:
    matchLabels: {app: web}
  template:
    metadata:
      labels: {app: web}
    spec:
      serviceAccountName: web
      containers:
        - name: web
          image: registry.example/web:1.0.0
          ports: [{containerPort: 8080}]
          resources: {requests: {cpu: 100m, memory: 64Mi}}
---
apiVersion: v1
kind: Service
metadata:
  name: web
spec:
  selector: {app: web}
  ports: [{port: 80, targetPort: 8080}]
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: web
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
data:
  level: info
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: web
rules:
  - apiGroups: [""]
    resources: [configmaps]
    verbs: [get]
`;

/** The repository: one base and an overlay per app, which prefixes names and labels the app. */
export function repositoryFiles(apps: number): Record<string, FileSpec> {
  const files: Record<string, FileSpec> = {
    "base/all.yaml": BASE,
    "base/kustomization.yaml": "resources: [all.yaml]\n",
  };
  for (let app = 0; app < apps; app++) Object.assign(files, overlayFiles(app, "info"));
  return files;
}

/** The files of one app's overlay. */
export function overlayFiles(app: number, level: string): Record<string, FileSpec> {
  const patch = `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {level: ${level}, app: "${app}"}\n`;
  return {
    [`apps/a${app}/kustomization.yaml`]: `namePrefix: a${app}-\nresources: [../../base]\npatches: [{path: level.yaml}]\n`,
    [`apps/a${app}/level.yaml`]: patch,
  };
}

/** One app's files alone, for an artifact of its own. */
export function artifactFiles(app: number, level: string): Record<string, string> {
  const overlay = overlayFiles(app, level);
  const patch = overlay[`apps/a${app}/level.yaml`] as string;
  const kustomization = `namePrefix: a${app}-\nresources: [all.yaml]\npatches: [{path: level.yaml}]\n`;
  return { "all.yaml": BASE, "level.yaml": patch, "kustomization.yaml": kustomization };
}

/** A chart that renders to the same objects; the name of the release goes before theirs. */
export const chartFiles: Readonly<Record<string, string>> = {
  "values.yaml": 'level: info\napp: ""\n',
  "templates/a.yaml": BASE.replaceAll(/^(\s*)name: web$/gm, '$1name: "{{ .Release.Name }}-web"')
    .replace("serviceAccountName: web", 'serviceAccountName: "{{ .Release.Name }}-web"')
    .replace("level: info", 'level: "{{ .Values.level }}"\n  app: "{{ .Values.app }}"'),
};

/** The very objects that the overlays render to, for the raw floor. */
export function floorObjects(apps: number, namespace: string): Resource[] {
  return Array.from({ length: apps }, (_, app) => appObjects(`a${app}-web`, namespace, app)).flat();
}

function appObjects(name: string, namespace: string, app: number): Resource[] {
  const metadata = { name, namespace };
  const labels = { app: "web" };
  const container = {
    name: "web",
    image: "registry.example/web:1.0.0",
    ports: [{ containerPort: 8080 }],
    resources: { requests: { cpu: "100m", memory: "64Mi" } },
  };
  const template = { metadata: { labels }, spec: { serviceAccountName: name, containers: [container] } };
  const rules = [{ apiGroups: [""], resources: ["configmaps"], verbs: ["get"] }];
  return [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata,
      spec: { replicas: 0, selector: { matchLabels: labels }, template },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata,
      spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
    },
    { apiVersion: "v1", kind: "ServiceAccount", metadata },
    { apiVersion: "v1", kind: "ConfigMap", metadata, data: { level: "info", app: `${app}` } },
    { apiVersion: "rbac.authorization.k8s.io/v1", kind: "Role", metadata, rules },
  ];
}
