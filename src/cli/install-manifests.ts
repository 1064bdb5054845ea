import type { Resource } from "#core/resource/resource.ts";
import { controllerName, rightsOf } from "./install-rights.ts";

/** What is installed. */
export interface InstallOptions {
  /** Namespace of the controller. */
  readonly namespace: string;
  /** Namespaces that it serves; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  readonly image: string;
  /** Whether other tools may fetch what sources have. */
  readonly servesArtifacts: boolean;
  /** Whether Git servers may tell of pushes. */
  readonly takesWebhooks: boolean;
  readonly crds: readonly Resource[];
}

const port = 8080;
const userId = 1000; // `node` in the official Node image.
const labels = { "app.kubernetes.io/name": "holdfast", "app.kubernetes.io/managed-by": "holdfast" };
const selector = { "app.kubernetes.io/name": "holdfast" };

/** What is served to others, at a Service of its own on port 80. */
interface Opening {
  readonly name: string;
  readonly service: string;
  readonly port: number;
  readonly args: readonly string[];
}

/** Everything but the definitions that runs Holdfast in a cluster, in the order in which it can be applied. */
export function installObjects(options: InstallOptions): readonly Resource[] {
  const { namespace, namespaces, crds } = options;
  return [
    namespaceObject(namespace),
    { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: controllerName, namespace, labels } },
    ...rightsOf({ namespace, namespaces, crds, labels }),
    deployment(options),
    ...openingsOf(options).map((opening) => serviceOf(opening, namespace)),
  ];
}

function openingsOf({ namespace, servesArtifacts, takesWebhooks }: InstallOptions): readonly Opening[] {
  const host = `${controllerName}.${namespace}.svc.cluster.local.`;
  const artifacts = ["--storage-addr=0.0.0.0:9090", `--storage-adv-addr=${host}`];
  return [
    ...(servesArtifacts ? [{ name: "artifacts", service: controllerName, port: 9090, args: artifacts }] : []),
    ...(takesWebhooks
      ? [{ name: "webhooks", service: "holdfast-webhooks", port: 9292, args: ["--webhook-addr=0.0.0.0:9292"] }]
      : []),
  ];
}

function serviceOf({ name, service }: Opening, namespace: string): Resource {
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: service, namespace, labels },
    spec: { selector, ports: [{ name, port: 80, targetPort: name, protocol: "TCP" }] },
  };
}

function namespaceObject(name: string): Resource {
  const enforced = { "pod-security.kubernetes.io/enforce": "restricted" };
  return { apiVersion: "v1", kind: "Namespace", metadata: { name, labels: { ...labels, ...enforced } } };
}

function deployment(options: InstallOptions): Resource {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: controllerName, namespace: options.namespace, labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: selector },
      // The next one waits for the lease of the last one anyway.
      strategy: { type: "Recreate" },
      template: { metadata: { labels }, spec: podSpec(options) },
    },
  };
}

function podSpec(options: InstallOptions): object {
  return {
    serviceAccountName: controllerName,
    // A stop takes up to 25 seconds.
    terminationGracePeriodSeconds: 30,
    nodeSelector: { "kubernetes.io/os": "linux" },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: userId,
      runAsGroup: userId,
      fsGroup: userId,
      seccompProfile: { type: "RuntimeDefault" },
    },
    containers: [container(options)],
    volumes: [
      { name: "data", emptyDir: { sizeLimit: "4Gi" } },
      { name: "tmp", emptyDir: { sizeLimit: "1Gi" } },
    ],
  };
}

function container(options: InstallOptions): object {
  const { image, namespace, namespaces } = options;
  const openings = openingsOf(options);
  return {
    name: "controller",
    image,
    args: [
      "controller",
      `--namespace=${namespace}`,
      "--data-dir=/data",
      // The kubelet asks for health from outside the pod.
      `--metrics-address=0.0.0.0:${port}`,
      ...(namespaces === null ? [] : [`--namespaces=${namespaces.join(",")}`]),
      ...openings.flatMap(({ args }) => args),
    ],
    env: [{ name: "HOME", value: "/tmp" }],
    ports: [
      { name: "metrics", containerPort: port, protocol: "TCP" },
      ...openings.map((opening) => ({ name: opening.name, containerPort: opening.port, protocol: "TCP" })),
    ],
    readinessProbe: { httpGet: { path: "/readyz", port: "metrics" }, periodSeconds: 5 },
    // Restarting heals little and costs a cold start, so it comes late.
    livenessProbe: { httpGet: { path: "/healthz", port: "metrics" }, periodSeconds: 20, failureThreshold: 6 },
    resources: { requests: { cpu: "100m", memory: "256Mi" }, limits: { memory: "1Gi" } },
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    },
    volumeMounts: [
      { name: "data", mountPath: "/data" },
      { name: "tmp", mountPath: "/tmp" },
    ],
  };
}
