import { parseAllDocuments } from "yaml";
import { expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { installCommand } from "./install.ts";
import type { InstallOrder } from "./install.ts";
import type { Terminal } from "./terminal.ts";
import { yamlDocuments } from "./yaml-documents.ts";

const crds: readonly Resource[] = [
  crd("things", "example.com", [{ name: "v1", subresources: { status: {} } }]),
  crd("plains", "plain.example.com", [{ name: "v1" }]),
  crd("inventories", "holdfast.dev", [{ name: "v1alpha1" }]),
];

function crd(plural: string, group: string, versions: readonly object[]): Resource {
  return {
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: `${plural}.${group}` },
    spec: { group, names: { plural }, versions },
  };
}

/** Runs the command and returns what it printed, said and ordered. */
async function install(...args: string[]) {
  let printed = "";
  const notes: string[] = [];
  const orders: InstallOrder[] = [];
  const terminal = { out: (text: string) => void (printed += text), note: (line: string) => void notes.push(line) };
  const actions = {
    crds: () => Promise.resolve(crds),
    apply: (order: InstallOrder) => {
      orders.push(order);
      for (const object of [...order.crds, ...order.objects]) order.onApplied(object, "created");
      return Promise.resolve();
    },
  };
  const command = installCommand(actions, terminal as Partial<Terminal> as Terminal, new AbortController().signal);
  command.exitOverride().configureOutput({ writeErr: () => {} });
  await command.parseAsync(args, { from: "user" });
  const documents = printed.startsWith("---") ? parseAllDocuments(printed, { version: "1.1" }) : [];
  const objects = documents.map((document) => document.toJS() as Resource);
  return { printed, notes, orders, objects, named: objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`) };
}

function found(objects: readonly Resource[], kind: string, name: string): Resource {
  const match = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!match) throw new Error(`There is no ${kind} ${name}`);
  return match;
}

test("it prints definitions first, then namespace, account, rights and Deployment", async () => {
  const { named, notes } = await install();
  expect(named).toEqual([
    "CustomResourceDefinition/things.example.com",
    "CustomResourceDefinition/plains.plain.example.com",
    "CustomResourceDefinition/inventories.holdfast.dev",
    "Namespace/holdfast-system",
    "ServiceAccount/holdfast-controller",
    "Role/holdfast-lease",
    "RoleBinding/holdfast-lease",
    "ClusterRole/holdfast-controller",
    "ClusterRoleBinding/holdfast-controller",
    "ClusterRoleBinding/holdfast-cluster-admin",
    "Deployment/holdfast-controller",
  ]);
  expect(notes).toEqual([expect.stringContaining("is in no registry")]);
});

test("image and namespace go wherever they belong, and a named image needs no note", async () => {
  const { objects, notes, printed } = await install("--image", "registry.test/holdfast:1", "--namespace", "gitops");
  expect(notes).toEqual([]);
  expect(printed).toContain("image: registry.test/holdfast:1");
  expect(printed).not.toContain("holdfast-system");
  expect(found(objects, "ClusterRoleBinding", "holdfast-cluster-admin")["subjects"]).toEqual([
    { kind: "ServiceAccount", name: "holdfast-controller", namespace: "gitops" },
  ]);
});

test("the controller's own role follows the definitions", async () => {
  const { objects } = await install();
  expect(found(objects, "ClusterRole", "holdfast-controller")["rules"]).toEqual(
    expect.arrayContaining([
      {
        apiGroups: ["example.com"],
        resources: ["things", "things/status"],
        verbs: ["get", "list", "watch", "patch", "update"],
      },
      { apiGroups: ["plain.example.com"], resources: ["plains"], verbs: ["get", "list", "watch", "patch", "update"] },
      {
        apiGroups: ["holdfast.dev"],
        resources: ["inventories"],
        verbs: ["get", "list", "watch", "create", "delete", "patch", "update"],
      },
    ]),
  );
});

test("--namespaced binds nothing cluster-wide but reading the definitions", async () => {
  const { objects, named, printed } = await install("--namespaced", "shop, web,shop", "--skip-crds");
  expect(named.filter((name) => name.startsWith("Cluster"))).toEqual([
    "ClusterRole/holdfast-definitions-holdfast-system",
    "ClusterRoleBinding/holdfast-definitions-holdfast-system",
  ]);
  expect(found(objects, "ClusterRole", "holdfast-definitions-holdfast-system")["rules"]).toEqual([
    {
      apiGroups: ["apiextensions.k8s.io"],
      resources: ["customresourcedefinitions"],
      resourceNames: ["things.example.com", "plains.plain.example.com", "inventories.holdfast.dev"],
      verbs: ["get"],
    },
  ]);
  const bound = objects.filter(({ kind, metadata }) => kind === "RoleBinding" && metadata.name !== "holdfast-lease");
  expect(bound.map(({ metadata }) => metadata.namespace)).toEqual(["shop", "web"]);
  expect(printed).toContain("- --namespaces=shop,web\n");
});

test("--crds-only and --skip-crds are each other's rest, and exclude each other", async () => {
  const whole = (await install()).named;
  expect([...(await install("--crds-only")).named, ...(await install("--skip-crds")).named]).toEqual(whole);
  expect((await install("--crds-only")).notes).toEqual([]);
  await expect(install("--crds-only", "--skip-crds")).rejects.toThrow(/cannot be used with/);
});

test("--own-crds leaves the definitions of vendors out", async () => {
  const whole = (await install()).named;
  const ofVendors = (name: string) => name.startsWith("CustomResourceDefinition/") && !name.endsWith(".holdfast.dev");
  expect((await install("--own-crds")).named).toEqual(whole.filter((name) => !ofVendors(name)));
  expect(whole.filter(ofVendors)).not.toEqual([]);
  await expect(install("--own-crds", "--skip-crds")).rejects.toThrow(/cannot be used with/);
});

test("names that are none are refused", async () => {
  await expect(install("--namespaced", "shop,Web")).rejects.toThrow(/small letters, digits/);
  await expect(install("--namespace", "")).rejects.toThrow(/small letters, digits/);
});

test("--apply hands over what would be printed, without forcing, and tells of each object", async () => {
  const { orders, printed } = await install("--apply", "--image", "registry.test/holdfast:1", "--context", "here");
  expect(orders).toHaveLength(1);
  expect(orders[0]).toMatchObject({ context: "here", force: false });
  expect(orders[0]?.crds).toEqual(crds);
  expect(printed.split("\n")).toContain("Deployment/holdfast-system/holdfast-controller created");
  expect(printed.split("\n")).toContain("ClusterRole/holdfast-controller created");
  expect((await install("--apply", "--force-conflicts")).orders[0]?.force).toBe(true);
});

function containerOf(objects: Parameters<typeof found>[0]) {
  const { spec } = found(objects, "Deployment", "holdfast-controller") as unknown as {
    spec: {
      template: { spec: { containers: { args: string[]; ports: { name: string; containerPort: number }[] }[] } };
    };
  };
  return spec.template.spec.containers[0];
}

test("what sources have is served where that is asked for, under the name that statuses tell", async () => {
  const { objects } = await install("--serve-artifacts", "--namespace", "delivery");
  const container = containerOf(objects);
  expect(container?.args).toEqual(
    expect.arrayContaining([
      "--storage-addr=0.0.0.0:9090",
      "--storage-adv-addr=holdfast-controller.delivery.svc.cluster.local.",
    ]),
  );
  expect(container?.ports.find(({ name }) => name === "artifacts")?.containerPort).toBe(9090);
  const service = found(objects, "Service", "holdfast-controller");
  expect(service["spec"]).toMatchObject({ ports: [{ port: 80, targetPort: "artifacts" }] });
  expect((await install()).named).not.toContain("Service/holdfast-controller");
});

test("webhooks are taken where that is asked for, at a Service of their own", async () => {
  const { objects } = await install("--take-webhooks");
  const container = containerOf(objects);
  expect(container?.args).toContain("--webhook-addr=0.0.0.0:9292");
  expect(container?.ports.find(({ name }) => name === "webhooks")?.containerPort).toBe(9292);
  const service = found(objects, "Service", "holdfast-webhooks");
  expect(service["spec"]).toMatchObject({ ports: [{ port: 80, targetPort: "webhooks" }] });
  expect((await install()).named).not.toContain("Service/holdfast-webhooks");
});

test("yamlDocuments() keeps texts that YAML 1.1 would take for something else", () => {
  const object = { data: { a: "on", b: "0777", c: "1e3", d: "no", e: "1:30", f: "~", g: "a: b #c", h: "x\ny\n" } };
  const [document] = parseAllDocuments(yamlDocuments([object]), { version: "1.1" });
  expect(document?.toJS()).toEqual(object);
});
