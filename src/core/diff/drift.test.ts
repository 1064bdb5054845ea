import fc from "fast-check";
import { load } from "js-yaml";
import { describe, expect, test } from "vitest";
import type { ManagedFieldsEntry, Resource } from "#core/resource/resource.ts";
import { ownedObject } from "#test/drift/arbitrary-fields.ts";
import { baselineOf } from "./baseline.ts";
import { driftOf, type DriftInput } from "./drift.ts";

const DESIRED = yaml(`
apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop, labels: { app: web } }
spec:
  replicas: 2
  selector: { matchLabels: { app: web } }
  template:
    spec:
      containers:
        - name: web
          image: registry.example/web:1
          ports: [{ containerPort: 80 }]
          resources: { requests: { cpu: 1000m } }
`);

const LIVE = yaml(`
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
  namespace: shop
  uid: u1
  resourceVersion: "7"
  labels: { app: web }
  managedFields:
    - manager: us
      operation: Apply
      apiVersion: apps/v1
      fieldsV1:
        f:metadata: { f:labels: { f:app: {} } }
        f:spec:
          f:replicas: {}
          f:selector: {}
          f:template:
            f:spec:
              f:containers:
                'k:{"name":"web"}':
                  .: {}
                  f:name: {}
                  f:image: {}
                  f:ports: { 'k:{"containerPort":80,"protocol":"TCP"}': { .: {}, f:containerPort: {} } }
                  f:resources: { f:requests: { f:cpu: {} } }
spec:
  replicas: 2
  progressDeadlineSeconds: 600
  selector: { matchLabels: { app: web } }
  template:
    spec:
      dnsPolicy: ClusterFirst
      containers:
        - name: web
          image: registry.example/web:1
          imagePullPolicy: IfNotPresent
          ports: [{ containerPort: 80, protocol: TCP }]
          resources: { requests: { cpu: "1" } }
status: { replicas: 2 }
`);

const BASELINE = baselineOf(LIVE, "us")?.digest ?? "";
const OURS = LIVE.metadata.managedFields?.[0] as ManagedFieldsEntry;
const CONTAINER = "/spec/template/spec/containers/0";

interface Case {
  readonly name: string;
  readonly live: Resource;
  readonly want: ReturnType<typeof driftOf>;
  readonly input?: Partial<DriftInput>;
}

const replicas = { kind: "drifted", paths: ["/spec/replicas"] } as const;
const cases: Case[] = [
  { name: "sees no drift in the stored answer", live: LIVE, want: { kind: "same" } },
  {
    name: "ignores a field of another writer",
    live: edited("/spec/paused", true, "kubectl-patch"),
    want: { kind: "same" },
  },
  { name: "ignores status", live: edited("/status/replicas", 9, "controller", "status"), want: { kind: "same" } },
  {
    name: "ignores a finalizer of another writer",
    live: edited("/metadata/finalizers", ["x/y"], "other"),
    want: { kind: "same" },
  },
  {
    name: "names an owned field and its new owner",
    live: disowned("f:replicas", edited("/spec/replicas", 5, "kubectl", "scale")),
    want: { ...replicas, by: ["kubectl"] },
  },
  {
    name: "sees ownership lost although the value is as declared",
    live: disowned("f:replicas", edited("/spec/replicas", 2, "kubectl", "scale")),
    want: { ...replicas, by: ["kubectl"] },
  },
  {
    name: "names a removed list item",
    live: replaced(LIVE, "/spec/template/spec/containers", []),
    want: { kind: "drifted", paths: [CONTAINER], by: [] },
  },
  {
    name: "calls wiped managedFields drift",
    live: { ...LIVE, metadata: { ...LIVE.metadata, managedFields: [] } },
    want: { kind: "drifted", paths: ["/metadata/managedFields"], by: [] },
  },
  {
    name: "calls missing managedFields drift",
    live: { ...LIVE, metadata: { name: "web", namespace: "shop", labels: { app: "web" } } },
    want: { kind: "drifted", paths: ["/metadata/managedFields"], by: [] },
  },
  {
    name: "names what differs when our entry is gone",
    live: withEntries(replaced(LIVE, "/spec/replicas", 5), [{ ...OURS, manager: "them", operation: "Update" }]),
    want: { kind: "drifted", paths: ["/metadata/managedFields", "/spec/replicas"], by: ["them"] },
  },
  {
    name: "leaves fields recorded at another version to the server",
    live: withEntries(LIVE, [{ ...OURS, apiVersion: "apps/v1beta2" }]),
    want: { kind: "undecided", reason: "Fields are declared at apps/v1beta2, the object is read at apps/v1" },
  },
  {
    name: "calls additions of writers that are taken over drift",
    live: edited("/spec/paused", true, "kubectl-edit"),
    input: { takeOver: ["kubectl*"] },
    want: { kind: "drifted", paths: ["/spec/paused"], by: ["kubectl-edit"] },
  },
  {
    name: "compares names of writers that are taken over exactly without a star",
    live: edited("/spec/paused", true, "kubectl-edit"),
    input: { takeOver: ["kubectl"] },
    want: { kind: "same" },
  },
  {
    name: "does not count status and odd metadata of writers that are taken over",
    live: edited(
      "/status/replicas",
      9,
      "kubectl-edit",
      "status",
      edited("/metadata/finalizers", ["x/y"], "kubectl-edit"),
    ),
    input: { takeOver: ["kubectl*"] },
    want: { kind: "same" },
  },
  {
    name: "does not count ignored additions",
    live: edited("/spec/paused", true, "kubectl-edit"),
    input: { takeOver: ["kubectl*"], ignoredPaths: ["/spec/paused"] },
    want: { kind: "same" },
  },
  {
    name: "does not count an ignored field",
    live: disowned("f:replicas", edited("/spec/replicas", 5, "autoscaler")),
    input: { ignoredPaths: ["/spec/replicas"] },
    want: { kind: "same" },
  },
  {
    name: "still sees other fields beside an ignored one",
    live: replaced(disowned("f:replicas", edited("/spec/replicas", 5, "autoscaler")), `${CONTAINER}/image`, "other:1"),
    input: { ignoredPaths: ["/spec/replicas"] },
    want: { kind: "drifted", paths: [`${CONTAINER}/image`], by: [] },
  },
  {
    name: "ignores a part of an atomic value",
    live: disowned("f:selector", edited("/spec/selector", { matchLabels: { app: "web", extra: "x" } }, "other")),
    input: { ignoredPaths: ["/spec/selector/matchLabels/extra"] },
    want: { kind: "same" },
  },
];

for (const baseline of [BASELINE, null]) {
  describe(baseline === null ? "without a baseline" : "with a baseline", () => {
    for (const c of cases) {
      test(`driftOf() ${c.name}`, () => {
        expect(driftOf({ ...input(c.live), baseline, ...c.input })).toEqual(c.want);
      });
    }
  });
}

test("driftOf() takes a baseline that was made without the ignored paths", () => {
  const ignoredPaths = ["/spec/replicas"];
  const baseline = baselineOf(LIVE, "us", ignoredPaths)?.digest ?? "";
  expect(baseline).not.toBe(BASELINE);
  const live = disowned("f:replicas", edited("/spec/replicas", 5, "autoscaler"));
  expect(driftOf({ ...input(live), baseline, desired: { ...DESIRED, spec: {} }, ignoredPaths })).toEqual({
    kind: "same",
  });
});

test("driftOf() leaves a moved digest without a visible difference to the server", () => {
  expect(driftOf({ ...input(LIVE), baseline: "0".repeat(32) })).toMatchObject({ kind: "undecided" });
});

test("driftOf() without a baseline sees a changed declaration", () => {
  const desired = replaced(DESIRED, `${CONTAINER}/ports/0/protocol`, "UDP");
  const ports = `${CONTAINER}/ports/0`;
  expect(driftOf({ ...input(LIVE), desired })).toEqual({ kind: "drifted", paths: [ports], by: [] });
});

test("driftOf() without a baseline does not mind who owns the keys of a list item", () => {
  const desired = replaced(DESIRED, `${CONTAINER}/ports/0/protocol`, "TCP");
  expect(driftOf({ ...input(LIVE), desired })).toEqual({ kind: "same" });
});

test("driftOf() without a baseline sees that list items changed places, whatever stands between them", () => {
  const item = (name: string) => ({ name });
  const fields = { 'k:{"name":"a"}': { ".": {}, "f:name": {} }, 'k:{"name":"b"}': { ".": {}, "f:name": {} } };
  const live = (names: string[]) => object({ list: names.map(item) }, { "f:list": fields });
  const desired = object({ list: [item("a"), item("b")] }, {});
  expect(driftOf({ ...input(live(["x", "a", "y", "b"])), desired })).toEqual({ kind: "same" });
  expect(driftOf({ ...input(live(["b", "a"])), desired })).toEqual({ kind: "drifted", paths: ["/list"], by: [] });
});

const EQUALITY = [
  {
    name: "an atomic list with defaults inside",
    desired: "{rules: [{port: 80}]}",
    live: "{rules: [{port: 80, protocol: TCP}]}",
    want: "undecided",
  },
  {
    name: "an atomic list with another value inside",
    desired: "{rules: [{port: 80}]}",
    live: "{rules: [{port: 81, protocol: TCP}]}",
    want: "drifted",
  },
  { name: "an atomic list of another length", desired: "{rules: [1]}", live: "{rules: [1, 2]}", want: "drifted" },
  {
    name: "zero values that the server leaves out",
    desired: "{a: false, b: '', c: 0, rules: []}",
    live: "{}",
    want: "same",
  },
  { name: "a number for a text", desired: "{a: 80}", live: "{a: '80'}", want: "undecided" },
  { name: "quantities where no quantities are known", desired: "{a: 1000m}", live: "{a: '1'}", want: "undecided" },
  {
    name: "quantities where they are known",
    desired: "{limits: {cpu: 1000m}}",
    live: "{limits: {cpu: '1'}}",
    want: "same",
  },
  { name: "a duration in another form", desired: "{a: 60s}", live: "{a: 1m0s}", want: "undecided" },
  { name: "base64 with line ends", desired: '{a: "YWJj\\nZGVm"}', live: "{a: YWJjZGVm}", want: "undecided" },
  { name: "another text", desired: "{a: x}", live: "{a: y}", want: "drifted" },
  { name: "null for what is absent", desired: "{a: null}", live: "{}", want: "same" },
  { name: "a map where a list was", desired: "{a: {b: 1}}", live: "{a: [1]}", want: "drifted" },
];

for (const c of EQUALITY) {
  test(`driftOf() without a baseline calls ${c.name} ${c.want}`, () => {
    const desired = load(c.desired) as Record<string, unknown>;
    const fields = Object.fromEntries(
      Object.keys(desired).map((key) => [`f:${key}`, key === "limits" ? { "f:cpu": {} } : {}]),
    );
    const live = object({ spec: load(c.live) }, { "f:spec": { ".": {}, ...fields } });
    expect(driftOf({ ...input(live), desired: object({ spec: desired }, {}) }).kind).toBe(c.want);
  });
}

test("driftOf() finds no drift in what was stored, whatever is owned", () => {
  fc.assert(
    fc.property(ownedObject, ({ value, fields }) => {
      const live = object({ spec: value }, { "f:spec": fields });
      const baseline = baselineOf(live, "us")?.digest ?? "";
      expect(driftOf({ ...input(live), baseline, desired: DESIRED }).kind).toBe("same");
    }),
  );
});

test("driftOf() leaves a declaration at another version than the object is read at to the server", () => {
  const desired = { ...DESIRED, apiVersion: "apps/v1beta2" };
  expect(driftOf({ ...input(LIVE), desired }).kind).toBe("undecided");
});

function input(live: Resource): DriftInput {
  return { live, manager: "us", baseline: null, desired: DESIRED, takeOver: [], ignoredPaths: [] };
}

function yaml(text: string): Resource {
  return load(text) as Resource;
}

function object(body: object, fieldsV1: Record<string, unknown>): Resource {
  const managedFields = [{ manager: "us", operation: "Apply" as const, apiVersion: "e.example/v1", fieldsV1 }];
  return { apiVersion: "e.example/v1", kind: "Thing", metadata: { name: "x", managedFields }, ...body };
}

function withEntries(live: Resource, managedFields: readonly ManagedFieldsEntry[]): Resource {
  return { ...live, metadata: { ...live.metadata, managedFields } };
}

function replaced(resource: Resource, path: string, value: unknown): Resource {
  const copy = structuredClone(resource) as unknown as Record<string, unknown>;
  const tokens = path.slice(1).split("/");
  const last = tokens.pop() as string;
  const parent = tokens.reduce((at, token) => (at[token] ??= {}) as Record<string, unknown>, copy);
  parent[last] = value;
  return copy as unknown as Resource;
}

/** The live object after somebody else set a field, which is theirs then. */
function edited(
  path: string,
  value: unknown,
  ...[manager, subresource, live = LIVE]: [string, string?, Resource?]
): Resource {
  const fieldsV1 = path
    .slice(1)
    .split("/")
    .reduceRight<Record<string, unknown>>((fields, token) => ({ [`f:${token}`]: fields }), {});
  const entry = { manager, operation: "Update", apiVersion: "apps/v1", fieldsV1 } as const;
  const changed = replaced(live, path, value);
  const entries = changed.metadata.managedFields ?? [];
  return withEntries(changed, [...entries, subresource === undefined ? entry : { ...entry, subresource }]);
}

/** The live object after we lost a field of the spec. */
function disowned(field: string, live: Resource): Resource {
  const [ours, ...others] = structuredClone(live.metadata.managedFields ?? []);
  const spec = ours?.fieldsV1?.["f:spec"] as Record<string, unknown> | undefined;
  delete spec?.[field];
  return withEntries(live, [ours as ManagedFieldsEntry, ...others]);
}
