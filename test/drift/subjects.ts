import { load } from "js-yaml";
import type { Resource } from "#core/resource/resource.ts";
import { containers, type Edit, json, merge, strategic } from "./edits.ts";

/** An object that is applied, and the edits that make sense for its kind beside those for every kind. */
export interface Subject {
  readonly name: string;
  /** Collection path on the API server. */
  readonly path: string;
  readonly desired: Resource;
  readonly edits: readonly Edit[];
  /** Whether the server stores defaults inside atomic values, so that without a baseline it must be asked. */
  readonly needsServer: boolean;
}

/** The custom kind whose list types and defaults the subjects use. */
export const WIDGETS: Resource = yaml(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: { name: widgets.drift.example }
spec:
  group: drift.example
  scope: Namespaced
  names: { kind: Widget, plural: widgets, singular: widget, listKind: WidgetList }
  versions:
    - name: v1
      served: true
      storage: true
      subresources: { status: {} }
      schema: &schema
        openAPIV3Schema:
          type: object
          properties:
            spec:
              type: object
              properties:
                size: { type: string, default: small }
                note: { type: string, nullable: true }
                steps:
                  type: array
                  x-kubernetes-list-type: map
                  x-kubernetes-list-map-keys: [name, lane]
                  items:
                    type: object
                    required: [name]
                    properties:
                      name: { type: string }
                      lane: { type: string, default: left }
                      run: { type: string }
                tags: { type: array, x-kubernetes-list-type: set, items: { type: string } }
                order: { type: array, items: { type: string } }
                whole: { type: object, x-kubernetes-map-type: atomic, additionalProperties: { type: string } }
                free: { type: object, additionalProperties: { type: string } }
            status: { type: object, x-kubernetes-preserve-unknown-fields: true }
    - { name: v2, served: true, storage: false, subresources: { status: {} }, schema: *schema }
`);

const CONDITION = {
  type: "drift.example/Seen",
  status: "True",
  reason: "Seen",
  message: "",
  lastTransitionTime: "2026-01-01T00:00:00Z",
};

/** Every object that the oracle applies. */
export const SUBJECTS: readonly Subject[] = [
  subject(
    "Deployment",
    "/apis/apps/v1/namespaces/default/deployments",
    `
apiVersion: apps/v1
kind: Deployment
metadata: { labels: { app: web, tier: front } }
spec:
  replicas: 0
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      hostNetwork: false
      nodeSelector: {}
      tolerations: []
      imagePullSecrets: []
      securityContext: {}
      priority: 0
      hostname: ""
      containers:
        - name: web
          image: registry.example/web:1
          command: []
          stdin: false
          args: [serve, --fast]
          ports: [{ containerPort: 80 }, { containerPort: 53, protocol: UDP, name: dns }]
          env: [{ name: A, value: "1" }, { name: B, value: "2" }]
          resources: { requests: { cpu: 1000m, memory: 1024Mi }, limits: { cpu: 1.5 } }
          volumeMounts: [{ name: tmp, mountPath: /tmp, readOnly: false }]
        - name: side
          image: registry.example/side:1
      volumes: [{ name: tmp, emptyDir: {} }]
`,
    [
      merge(false, "undeclared field", { spec: { template: { spec: { terminationGracePeriodSeconds: 5 } } } }),
      strategic(true, "image", containers({ name: "web", image: "registry.example/web:2" })),
      {
        name: "scale subresource",
        drifts: true,
        type: "merge",
        subresource: "scale",
        manager: "kubectl",
        body: { spec: { replicas: 1 } },
      },
      { ...merge(true, "scale and back", { spec: { replicas: 1 } }), subresource: "scale" },
      { ...merge(false, "scaled to zero", { spec: { replicas: 0 } }), subresource: "scale" },
      merge(true, "replaced containers", {
        spec: { template: { spec: { containers: [{ name: "other", image: "registry.example/o:1" }] } } },
      }),
      strategic(false, "foreign container", containers({ name: "injected", image: "registry.example/i:1" })),
      strategic(false, "foreign env entry", containers({ name: "web", env: [{ name: "Z", value: "9" }] })),
      strategic(true, "owned env entry", containers({ name: "web", env: [{ name: "A", value: "9" }] })),
      strategic(true, "removed env entry", containers({ name: "web", env: [{ name: "B", $patch: "delete" }] })),
      strategic(true, "atomic list", containers({ name: "web", args: ["serve"] })),
      strategic(false, "same quantity", containers({ name: "web", resources: { requests: { cpu: "1" } } })),
      strategic(true, "other quantity", containers({ name: "web", resources: { requests: { cpu: "900m" } } })),
      strategic(false, "filled empty map", {
        spec: { template: { spec: { volumes: [{ name: "tmp", emptyDir: { sizeLimit: "1Gi" } }] } } },
      }),
      strategic(false, "removed default", containers({ name: "web", ports: [{ containerPort: 80, name: "http" }] })),
      merge(false, "rollout restart", {
        spec: { template: { metadata: { annotations: { "kubectl.kubernetes.io/restartedAt": "now" } } } },
      }),
      json(true, "reordered env", [
        {
          op: "replace",
          path: "/spec/template/spec/containers/0/env",
          value: [
            { name: "B", value: "2" },
            { name: "A", value: "1" },
          ],
        },
      ]),
      {
        ...merge(false, "status", {
          status: { observedGeneration: 7, conditions: [{ type: "Available", status: "True" }] },
        }),
        subresource: "status",
      },
    ],
  ),
  subject(
    "Service",
    "/api/v1/namespaces/default/services",
    `
apiVersion: v1
kind: Service
metadata: { labels: { app: web, tier: front }, annotations: {} }
spec:
  selector: { app: web }
  loadBalancerIP: ""
  externalIPs: []
  publishNotReadyAddresses: false
  ports: [{ port: 80, name: http, targetPort: 8080 }, { port: 53, protocol: UDP, name: dns }]
`,
    [
      merge(true, "atomic selector", { spec: { selector: { more: "yes" } } }),
      strategic(true, "owned port", { spec: { ports: [{ port: 80, targetPort: 9090 }] } }),
      strategic(false, "foreign port", { spec: { ports: [{ port: 443, name: "https" }] } }),
      merge(false, "undeclared field", { spec: { sessionAffinity: "ClientIP" } }),
      json(true, "removed port", [{ op: "remove", path: "/spec/ports/1" }]),
      {
        ...merge(false, "status", { status: { conditions: [CONDITION] } }),
        subresource: "status",
      },
    ],
  ),
  subject(
    "ConfigMap",
    "/api/v1/namespaces/default/configmaps",
    `
apiVersion: v1
kind: ConfigMap
metadata: { labels: { app: web, tier: front }, annotations: { note: kept } }
data: { a: "1", "with.dot": "2", quantity: 1000m, empty: "" }
`,
    [
      merge(true, "owned value", { data: { a: "9" } }),
      merge(true, "removed value", { data: { a: null } }),
      merge(true, "emptied value", { data: { empty: null } }),
      merge(true, "like a quantity", { data: { quantity: "1" } }),
      merge(false, "foreign value", { data: { z: "9" } }),
      merge(true, "owned annotation", { metadata: { annotations: { note: "lost" } } }),
      merge(true, "all data removed", { data: null }),
    ],
  ),
  subject(
    "Secret",
    "/api/v1/namespaces/default/secrets",
    `
apiVersion: v1
kind: Secret
metadata: { labels: { app: web, tier: front } }
type: Opaque
data: { password: aHVudGVyMg==, token: dG9rZW4= }
`,
    [
      merge(true, "owned value", { data: { password: "b3RoZXI=" } }),
      merge(true, "through stringData", { stringData: { password: "third" } }),
      merge(false, "same through stringData", { stringData: { password: "hunter2" } }),
      merge(false, "foreign value", { data: { z: "eg==" } }),
    ],
  ),
  subject(
    "Role",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/default/roles",
    `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { labels: { app: web, tier: front } }
rules:
  - { apiGroups: [""], resources: [pods], verbs: [get, list] }
  - { apiGroups: [apps], resources: [deployments], verbs: [get] }
`,
    [
      json(true, "verb added", [{ op: "add", path: "/rules/0/verbs/-", value: "delete" }]),
      json(true, "rule removed", [{ op: "remove", path: "/rules/1" }]),
      json(true, "rules reordered", [{ op: "move", from: "/rules/0", path: "/rules/1" }]),
    ],
  ),
  subject(
    "Widget",
    "/apis/drift.example/v1/namespaces/default/widgets",
    `
apiVersion: drift.example/v1
kind: Widget
metadata: { labels: { app: web, tier: front } }
spec:
  note: hello
  steps: [{ name: one, lane: left, run: a }, { name: two, lane: right, run: b }]
  tags: [x, y]
  order: [first, second]
  whole: { a: "1" }
  free: { a: "1" }
`,
    [
      merge(true, "owned value", { spec: { note: "bye" } }),
      merge(false, "undeclared default", { spec: { size: "large" } }),
      json(false, "foreign step", [{ op: "add", path: "/spec/steps/-", value: { name: "three", run: "c" } }]),
      json(true, "owned step", [{ op: "replace", path: "/spec/steps/0/run", value: "z" }]),
      json(true, "steps reordered", [{ op: "move", from: "/spec/steps/0", path: "/spec/steps/1" }]),
      json(false, "foreign tag", [{ op: "add", path: "/spec/tags/-", value: "z" }]),
      json(true, "removed tag", [{ op: "remove", path: "/spec/tags/0" }]),
      json(true, "atomic list", [{ op: "add", path: "/spec/order/-", value: "third" }]),
      merge(true, "atomic map", { spec: { whole: { b: "2" } } }),
      merge(false, "foreign entry", { spec: { free: { b: "2" } } }),
      { ...merge(false, "status", { status: { ready: true } }), subresource: "status" },
    ],
  ),
  subject(
    "NetworkPolicy",
    "/apis/networking.k8s.io/v1/namespaces/default/networkpolicies",
    `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { labels: { app: web, tier: front } }
spec:
  podSelector: {}
  ingress: [{ ports: [{ port: 80 }], from: [{ podSelector: { matchLabels: { app: web } } }] }]
`,
    [json(true, "atomic list", [{ op: "replace", path: "/spec/ingress/0/ports/0/port", value: 81 }])],
    { needsServer: true },
  ),
  subject(
    "ResourceQuota",
    "/api/v1/namespaces/default/resourcequotas",
    `
apiVersion: v1
kind: ResourceQuota
metadata: { labels: { app: web, tier: front } }
spec: { hard: { requests.cpu: 4000m, requests.memory: 2048Mi, pods: 10 } }
`,
    [
      merge(false, "same quantity", { spec: { hard: { "requests.cpu": "4" } } }),
      merge(true, "other quantity", { spec: { hard: { "requests.cpu": "5" } } }),
      merge(false, "foreign limit", { spec: { hard: { services: "5" } } }),
    ],
  ),
  subject(
    "StatefulSet",
    "/apis/apps/v1/namespaces/default/statefulsets",
    `
apiVersion: apps/v1
kind: StatefulSet
metadata: { labels: { app: web, tier: front } }
spec:
  replicas: 0
  serviceName: db
  selector: { matchLabels: { app: db } }
  template:
    metadata: { labels: { app: db } }
    spec: { containers: [{ name: db, image: "registry.example/db:1" }] }
  volumeClaimTemplates:
    - metadata: { name: data }
      spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1024Mi } } }
`,
    [merge(true, "owned value", { spec: { replicas: 1 } })],
    { needsServer: true },
  ),
  subject(
    "HorizontalPodAutoscaler",
    "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers",
    `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: { labels: { app: web, tier: front } }
spec:
  scaleTargetRef: { apiVersion: apps/v1, kind: Deployment, name: web }
  maxReplicas: 3
  metrics:
    - { type: Resource, resource: { name: memory, target: { type: AverageValue, averageValue: 1024Mi } } }
`,
    [
      merge(true, "owned value", { spec: { maxReplicas: 9 } }),
      merge(false, "undeclared field", { spec: { minReplicas: 2 } }),
      json(true, "atomic list", [{ op: "remove", path: "/spec/metrics/0" }]),
    ],
  ),
  subject(
    "Ingress",
    "/apis/networking.k8s.io/v1/namespaces/default/ingresses",
    `
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { labels: { app: web, tier: front }, annotations: { "e.example/class": x } }
spec:
  defaultBackend: { service: { name: web, port: { number: 80 } } }
  rules:
    - host: web.example
      http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: web, port: { name: http } } } }] }
`,
    [
      json(true, "atomic list", [{ op: "replace", path: "/spec/rules/0/host", value: "other.example" }]),
      merge(true, "owned value", { spec: { defaultBackend: { service: { port: { number: 81 } } } } }),
      merge(false, "undeclared field", { spec: { ingressClassName: "x" } }),
    ],
  ),
  subject(
    "CronJob",
    "/apis/batch/v1/namespaces/default/cronjobs",
    `
apiVersion: batch/v1
kind: CronJob
metadata: { labels: { app: web, tier: front } }
spec:
  schedule: "0 0 1 1 *"
  suspend: true
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          initContainers: [{ name: first, image: "registry.example/first:1" }]
          containers: [{ name: job, image: "registry.example/job:1", envFrom: [{ configMapRef: { name: c } }] }]
          volumes:
            - { name: all, projected: { sources: [{ configMap: { name: c } }] } }
            - { name: one, configMap: { name: c, items: [{ key: a, path: a }] } }
`,
    [
      merge(true, "owned value", { spec: { suspend: false } }),
      strategic(true, "image", {
        spec: { jobTemplate: { spec: { template: { spec: { containers: [{ name: "job", image: "o:2" }] } } } } },
      }),
      merge(false, "undeclared field", { spec: { successfulJobsHistoryLimit: 9 } }),
    ],
  ),
  subject(
    "PersistentVolumeClaim",
    "/api/v1/namespaces/default/persistentvolumeclaims",
    `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { labels: { app: web, tier: front }, finalizers: [drift.example/ours] }
spec: { accessModes: [ReadWriteOnce], resources: { requests: { storage: 1024Mi } } }
`,
    [json(true, "owned finalizer", [{ op: "replace", path: "/metadata/finalizers", value: [] }])],
  ),
];

function yaml(text: string): Resource {
  return load(text) as Resource;
}

function subject(
  name: string,
  path: string,
  ...[text, edits, options]: [string, readonly Edit[], { needsServer: boolean }?]
): Subject {
  return { name, path, desired: yaml(text), edits, needsServer: options?.needsServer ?? false };
}
