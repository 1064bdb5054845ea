import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { parseAllDocuments, stringify } from "yaml";
import type { Resource } from "#core/resource/resource.ts";
import { type Ended, runCli } from "../support/cli-program.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { eventually } from "../support/eventually.ts";
import { IN_CLUSTER, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();
let home: string;

beforeAll(async () => {
  home = await temporaryDirectory();
});

const holdfast = (...args: string[]): Promise<Ended> => runCli({ home, kubeconfig: world.plane.kubeconfigPath }, args);
const offline = (...args: string[]): Promise<Ended> => runCli({ home, kubeconfig: "/nowhere" }, args);

async function file(name: string, ...objects: object[]): Promise<string> {
  const path = join(home, name);
  await writeFile(path, objects.map((object) => stringify(object)).join("---\n"));
  return path;
}

const setOf = (name: string, spec: Record<string, unknown>, appName = "{{name}}") => ({
  apiVersion: "argoproj.io/v1alpha1",
  kind: "ApplicationSet",
  metadata: { name, namespace: "argocd" },
  spec: {
    template: {
      metadata: { name: appName },
      spec: {
        project: "default",
        source: { repoURL: "https://git.example/shop.git", path: "shop" },
        destination: { server: IN_CLUSTER },
      },
    },
    ...spec,
  },
});

const namesIn = (out: string) =>
  parseAllDocuments(out).flatMap((document) => {
    const object = document.toJS() as Resource | null;
    return object ? [object.metadata.name] : [];
  });

test("appset generate prints what a set makes, from files alone", async () => {
  const checkout = join(home, "checkout");
  for (const name of ["web", "db"]) {
    await mkdir(join(checkout, "apps", name), { recursive: true });
    await writeFile(join(checkout, "apps", name, "a.yaml"), "");
  }
  const git = { repoURL: "https://git.example/shop.git", revision: "main", directories: [{ path: "apps/*" }] };
  const generators = [
    { matrix: { generators: [{ git }, { clusters: { selector: { matchLabels: { tier: "prod" } } } }] } },
  ];
  const set = await file("set.yaml", setOf("shops", { goTemplate: true, generators }, "{{.path.basename}}-{{.name}}"));
  const labels = { "argocd.argoproj.io/secret-type": "cluster", tier: "prod" };
  const data = { name: Buffer.from("east").toString("base64"), server: Buffer.from(IN_CLUSTER).toString("base64") };
  const cluster = { apiVersion: "v1", kind: "Secret", metadata: { name: "east", namespace: "argocd", labels }, data };
  const clusters = await file("clusters.yaml", cluster);

  const made = await offline("appset", "generate", "-f", set, "--with", clusters, "--source", checkout);
  expect([made.code, made.err, namesIn(made.out)]).toEqual([0, "", ["db-east", "web-east"]]);
  const nowhere = await offline("appset", "generate", "-f", set, "--with", clusters);
  expect([nowhere.code, nowhere.err]).toEqual([2, expect.stringContaining("--source DIRECTORY") as string]);
});

test("appset generate tells what cannot be used, and why a set cannot be worked out", async () => {
  const twice = await file(
    "twice.yaml",
    setOf("twice", { generators: [{ list: { elements: [{ name: "a" }, { name: "a" }] } }] }),
  );
  const made = await offline("appset", "generate", "-f", twice);
  expect([made.code, namesIn(made.out), made.err]).toEqual([
    7,
    ["a", "a"],
    "ApplicationSet twice contains applications with duplicate name: a\n",
  ]);
  const broken = await file("broken.yaml", setOf("broken", { generators: [{ list: { elementsYaml: "[" } }] }));
  const refused = await offline("appset", "generate", "-f", broken);
  expect([refused.code, refused.err]).toEqual([
    5,
    expect.stringContaining("error unmarshling decoded ElementsYaml") as string,
  ]);
  const other = await file("other.yaml", { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a" } });
  expect((await offline("appset", "generate", "-f", other)).code).toBe(2);
});

test("a set is seen, previewed and approved", async () => {
  const list = (...names: string[]) => ({ generators: [{ list: { elements: names.map((name) => ({ name })) } }] });
  await world.client.apply(setOf("fleet", list("fleet-a", "fleet-b")), { manager: "test", signal });
  const rows = async () =>
    JSON.parse((await holdfast("get", "appsets", "-o", "json")).out) as Record<string, unknown>[];
  await eventually(
    "it is ready",
    async () => (await rows())[0]?.["state"] === "Ready" && (await rows())[0]?.["apps"] === 2,
  );
  expect(await rows()).toMatchObject([{ key: "appset/argocd/fleet", state: "Ready", apps: 2, message: "" }]);
  expect((await holdfast("get", "appset", "fleet")).out).toMatch(
    /^SET +STATE +APPS[^]*appset\/argocd\/fleet +Ready +2/,
  );
  expect((await holdfast("get", "appset", "flet")).err).toContain("appset/argocd/fleet");

  expect(await holdfast("appset", "preview", "fleet")).toMatchObject({
    code: 0,
    out: "appset/argocd/fleet would change nothing\n",
  });
  const next = setOf("fleet", list("fleet-a", "fleet-c"));
  next.spec.template.spec.source.path = "elsewhere";
  const preview = await holdfast("appset", "preview", "-f", await file("next.yaml", next));
  expect(preview.out).toBe("create fleet-c\nchange fleet-a (spec.source.path)\ndelete fleet-b\n");
  expect(preview.code).toBe(3);
  const none = await holdfast("appset", "preview", "-f", await file("none.yaml", setOf("fleet", list())), "-o", "json");
  expect(JSON.parse(none.out)).toMatchObject({ created: [], deleted: [], held: { names: ["fleet-a", "fleet-b"] } });

  await world.client.apply(setOf("fleet", list()), { manager: "test", signal });
  await eventually("deletions are held", async () => (await rows())[0]?.["state"] === "Held");
  const approved = await holdfast("approve", "appset/fleet", "-n", "argocd");
  expect([approved.code, approved.out]).toEqual([
    0,
    expect.stringContaining("Approved for appset/argocd/fleet: Deletions are held back (fleet-a, fleet-b)") as string,
  ]);
  await eventually("both are gone", async () => (await rows())[0]?.["apps"] === 0);
  expect((await holdfast("approve", "appset/fleet")).code).toBe(5);
});
