import fc from "fast-check";
import { request, Agent } from "undici";
import { describe, expect, test } from "vitest";
import { gvkOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { schemaProblems } from "#adapters/kube/schema-check.ts";
import { schemaSetOf } from "#adapters/kube/schema-node.ts";
import type { SchemaNode } from "#adapters/kube/schema-node.ts";
import { manager, signal, useContractCluster } from "./support/contract-cluster.ts";
import { until } from "./support/watch-recorder.ts";

const cluster = useContractCluster();
const metadata = { name: "x", namespace: "default", labels: { a: "b" }, annotations: { c: "d" } };
const pod = {
  metadata: { labels: { a: "b" } },
  spec: {
    containers: [
      {
        name: "c",
        image: "i",
        ports: [{ containerPort: 80, protocol: "TCP" }],
        env: [{ name: "E", value: "1" }],
        resources: { limits: { cpu: "1", memory: "1Gi" }, requests: { cpu: 1 } },
        livenessProbe: { httpGet: { path: "/", port: "http" }, periodSeconds: 3 },
        volumeMounts: [{ name: "v", mountPath: "/v" }],
        securityContext: { runAsUser: 1, capabilities: { drop: ["ALL"] } },
      },
    ],
    volumes: [{ name: "v", emptyDir: { sizeLimit: "1Gi" } }],
    tolerations: [{ key: "k", operator: "Exists" }],
    nodeSelector: { n: "1" },
  },
};
const samples: readonly Resource[] = [
  { apiVersion: "v1", kind: "ConfigMap", metadata, data: { k: "v" }, binaryData: { b: "AAAA" }, immutable: false },
  { apiVersion: "v1", kind: "Secret", metadata, type: "Opaque", data: { k: "AAAA" }, stringData: { s: "v" } },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata,
    spec: { selector: { a: "b" }, ports: [{ name: "p", port: 80, targetPort: "http", protocol: "TCP" }] },
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata,
    spec: {
      replicas: 1,
      selector: { matchLabels: { a: "b" } },
      strategy: { rollingUpdate: { maxSurge: "25%", maxUnavailable: 1 } },
      template: pod,
    },
  },
  {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "Role",
    metadata,
    rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
  },
  {
    apiVersion: "networking.k8s.io/v1",
    kind: "Ingress",
    metadata,
    spec: {
      rules: [
        {
          host: "h.example.com",
          http: {
            paths: [{ path: "/", pathType: "Prefix", backend: { service: { name: "s", port: { number: 80 } } } }],
          },
        },
      ],
    },
  },
  {
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name: "x" },
    value: 3,
    globalDefault: false,
  },
  {
    apiVersion: "contract.example.com/v1",
    kind: "Widget",
    metadata,
    spec: {
      size: "s",
      count: 3,
      ratio: 0.5,
      on: true,
      port: "80%",
      list: ["a"],
      map: { a: "b" },
      free: { any: [1] },
      loose: { known: "x", other: 1 },
      pod: { apiVersion: "v1", kind: "Pod", metadata: { name: "p" }, spec: {} },
      entries: [{ name: "a", value: 1 }],
      maybe: null,
    },
  },
];
const widgetSpec = {
  required: ["size"],
  properties: {
    size: { type: "string" },
    count: { type: "integer", format: "int32" },
    ratio: { type: "number" },
    on: { type: "boolean", default: true },
    port: { "x-kubernetes-int-or-string": true, anyOf: [{ type: "integer" }, { type: "string" }] },
    list: { type: "array", items: { type: "string" } },
    map: { type: "object", additionalProperties: { type: "string" } },
    free: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
    loose: { type: "object", "x-kubernetes-preserve-unknown-fields": true, properties: { known: { type: "string" } } },
    pod: { type: "object", "x-kubernetes-embedded-resource": true, "x-kubernetes-preserve-unknown-fields": true },
    entries: {
      type: "array",
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["name"],
      items: {
        type: "object",
        required: ["name"],
        properties: { name: { type: "string" }, value: { type: "integer" } },
      },
    },
    maybe: { type: "string", nullable: true },
  },
};

type Path = readonly (string | number)[];

/** One thing done to one place of a sample. */
interface Mutation {
  readonly sample: Resource;
  readonly path: Path;
  readonly value: unknown;
}

const odd = fc.oneof(
  fc.constantFrom<unknown>(null, true, false, 0, 1, 2.5, -1, "", "text", "1", [], {}, ["a"], [1], [{}], [null], {
    a: "b",
  }),
  fc.constantFrom<unknown>({ a: 1 }, { name: "n" }, { a: null }, "80%", 4_294_967_296, "2024-01-01T00:00:00Z"),
);
const mutation: fc.Arbitrary<Mutation> = fc.constantFrom(...samples).chain((sample) =>
  fc
    .record({
      path: fc.constantFrom(...placesIn(sample)),
      member: fc.option(fc.constantFrom("extra", "name", "Spec", "value", "a/b"), { nil: undefined, freq: 3 }),
      value: fc.oneof({ weight: 5, arbitrary: odd }, { weight: 1, arbitrary: fc.constant(undefined) }),
    })
    .map(({ path, member, value }) => ({ sample, path: member === undefined ? path : [...path, member], value })),
);

describe("preflight against the real server", () => {
  test("the schema never refuses what the server's dry run accepts", async () => {
    await cluster().define("widget", widgetSpec);
    const schemas = await publishedSchemas();
    for (const sample of samples) {
      expect(schemaProblems(sample, schemaOf(sample, schemas))).toEqual([]);
      await dryRun(sample);
    }
    const seen = { refusedByBoth: 0, refusedByServerOnly: 0, accepted: 0 };
    await fc.assert(
      fc.asyncProperty(mutation, async (change) => {
        const object = changed(change);
        const certain = schemaProblems(object, schemaOf(change.sample, schemas)).filter((problem) => problem.certain);
        const accepted = await accepts(object);
        if (accepted) seen.accepted += 1;
        else if (certain.length > 0) seen.refusedByBoth += 1;
        else seen.refusedByServerOnly += 1;
        if (accepted) expect(certain).toEqual([]);
      }),
      { numRuns: Number(process.env["PREFLIGHT_RUNS"] ?? 400) },
    );
    // The property says nothing if the schema never objects.
    expect(seen.refusedByBoth).toBeGreaterThan(50);
    expect(seen.accepted).toBeGreaterThan(20);
  });

  test("preflight() names every misfit of an object at once", async () => {
    const deployment = structuredClone(samples[3]) as unknown as { spec: { replicas: unknown; template: typeof pod } };
    deployment.spec.replicas = "2";
    Object.assign(deployment.spec.template.spec.containers[0] ?? {}, { imag: "x" });
    expect(await cluster().direct.preflight(deployment as unknown as Resource, { signal })).toEqual([
      "spec.replicas: must be a number, is a string",
      "spec.template.spec.containers[0].imag: unknown field",
    ]);
  });

  test("preflight() of a fitting object sends nothing once the schema is known", async () => {
    const [sample] = samples;
    if (!sample) throw new Error("There is no sample");
    await cluster().proxied.preflight(sample, { signal });
    const from = cluster().proxy.requests.length;
    expect(await cluster().proxied.preflight(sample, { signal })).toEqual([]);
    expect(cluster().proxy.requests.length).toBe(from);
  });

  test("preflight() follows a definition that has grown a field", async () => {
    await cluster().define("grower", { properties: { a: { type: "string" } } });
    const object = {
      apiVersion: "contract.example.com/v1",
      kind: "Grower",
      metadata: { name: "g", namespace: "default" },
      spec: { b: "x" },
    };
    await until("the first schema is published", async () => {
      return (await cluster().direct.preflight(object, { signal })).length > 0;
    });
    await cluster().define("grower", { properties: { a: { type: "string" }, b: { type: "string" } } });
    await until("the field is taken", () => accepts(object));
    expect(await cluster().direct.preflight(object, { signal })).toEqual([]);
  });
});

function placesIn(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const members = Object.entries(value).flatMap(([key, part]) =>
    // Identity stays: the request could not be addressed.
    path.length === 0 && (key === "apiVersion" || key === "kind")
      ? []
      : placesIn(part, [...path, Array.isArray(value) ? Number(key) : key]),
  );
  const fixed = path.length === 0 || path.join(".") === "metadata";
  return fixed ? members : [path, ...members];
}

function changed({ sample, path, value }: Mutation): Resource {
  const object = structuredClone(sample) as unknown as Record<string | number, unknown>;
  let at = object;
  for (const step of path.slice(0, -1)) {
    const next = at[step];
    if (typeof next !== "object" || next === null) return object as unknown as Resource;
    at = next as Record<string | number, unknown>;
  }
  const last = path.at(-1);
  const identity = path.join(".") === "metadata.name" || path.join(".") === "metadata.namespace";
  if (last === undefined || identity) return object as unknown as Resource;
  if (value === undefined && !Array.isArray(at)) delete at[last];
  else if (value !== undefined) at[last] = value;
  return object as unknown as Resource;
}

async function accepts(object: Resource): Promise<boolean> {
  try {
    await dryRun(object);
    return true;
  } catch {
    return false;
  }
}

async function dryRun(object: Resource): Promise<void> {
  await cluster().direct.apply(object, { manager, dryRun: true, signal });
}

async function publishedSchemas(): Promise<ReadonlyMap<string, SchemaNode>> {
  const paths = new Set(
    samples.map(({ apiVersion }) => (apiVersion.includes("/") ? `apis/${apiVersion}` : `api/${apiVersion}`)),
  );
  const roots = new Map<string, SchemaNode>();
  await until("all schemas are published", async () => {
    for (const path of paths) for (const [key, node] of (await schemasAt(path)).roots) roots.set(key, node);
    return samples.every((sample) => roots.has(keyOf(sample)));
  });
  return roots;
}

async function schemasAt(path: string): Promise<ReturnType<typeof schemaSetOf>> {
  const { plane } = cluster();
  const dispatcher = new Agent({ connect: { ca: plane.caPem } });
  const headers = { authorization: `Bearer ${plane.adminToken}` };
  const answer = await request(`${plane.server}/openapi/v3/${path}`, { dispatcher, headers });
  const document: unknown = answer.statusCode === 200 ? await answer.body.json() : await answer.body.text();
  await dispatcher.close();
  return schemaSetOf(document);
}

function schemaOf(object: Resource, schemas: ReadonlyMap<string, SchemaNode>): SchemaNode {
  const schema = schemas.get(keyOf(object));
  if (!schema) throw new Error(`There is no schema of ${object.kind}`);
  return schema;
}

function keyOf(object: Resource): string {
  const { group, version, kind } = gvkOf(object);
  return `${group}/${version}/${kind}`;
}
