import { execFile } from "node:child_process";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { sopsFixtures } from "#adapters/upstream/sops-bench.ts";
import type { Resource } from "#core/resource/resource.ts";
import { temporaryDirectory } from "./support/control-plane.ts";
import { useEngineWorld } from "./support/engine-world.ts";
import { eventually } from "./support/eventually.ts";

const world = useEngineWorld({ withNodes: false });
const { signal } = new AbortController();
const program = new URL("../src/main/cli.ts", import.meta.url).pathname;
let home: string;

beforeAll(async () => {
  home = await temporaryDirectory();
});

/** Runs a command as a person would. */
function holdfast(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const env = { ...process.env, HOME: home, KUBECONFIG: world.plane.kubeconfigPath, XDG_CACHE_HOME: cacheHome() };
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
  });
}

/** Where the Go programs are. */
function cacheHome(): string {
  return process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache");
}

test("render shows a directory offline, with neighbours of the checkout and masked Secrets", async () => {
  const repo = join(home, "repo");
  await mkdir(join(repo, ".git"), { recursive: true });
  await mkdir(join(repo, "base"));
  await mkdir(join(repo, "over"));
  const kustomization = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n";
  await writeFile(join(repo, "base/kustomization.yaml"), `${kustomization}resources: [s.yaml]\n`);
  await writeFile(
    join(repo, "base/s.yaml"),
    "apiVersion: v1\nkind: Secret\nmetadata: {name: s}\ndata: {a: aHVudGVyMg==}\n",
  );
  await writeFile(join(repo, "over/kustomization.yaml"), `${kustomization}resources: [../base]\nnamePrefix: my-\n`);
  const shown = await holdfast(["render", join(repo, "over")]);
  expect(shown.out).toContain("name: my-s");
  expect(shown.out).not.toContain("aHVudGVyMg==");
  const whole = await holdfast(["render", join(repo, "over"), "--show-secrets", "-o", "json"]);
  expect(JSON.parse(whole.out)).toMatchObject([{ data: { a: "aHVudGVyMg==" } }]);
});

test("render fetches what a kustomization takes from another repository, and names what it cannot fetch", async () => {
  const folder = join(home, "taker");
  await mkdir(folder);
  await world.git.commit("giver", {
    "deploy/kustomization.yaml": "resources: [c.yaml]\n",
    "deploy/c.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: given}\n",
  });
  const takes = (url: string) => writeFile(join(folder, "kustomization.yaml"), `resources: ["${url}"]\n`);
  await takes(`${world.git.url("giver")}//deploy?ref=main`);
  const shown = await holdfast(["render", folder]);
  expect(shown).toMatchObject({ code: 0, err: "" });
  expect(shown.out).toContain("name: given");
  await takes(`${world.git.url("giver")}//deploy?ref=gone`);
  const failed = await holdfast(["render", folder]);
  expect(failed.code).not.toBe(0);
  expect(failed.err).toContain(`${world.git.url("giver")}?ref=gone cannot be fetched: `);
});

test("render and diff show an app with its variables filled in and its Secrets decrypted, but masked", async () => {
  const secret =
    "apiVersion: v1\nkind: Secret\nmetadata:\n    name: filled\n    namespace: default\nstringData:\n    a: ${WORD}-2\n";
  const plain = { format: "yaml", encryptedRegex: "^stringData$", text: secret, groups: [["mine"]] } as const;
  const { files, keys } = await sopsFixtures({ mine: "age" }, { s: plain });
  const apply = (object: Resource) => world.client.apply(object, { manager: "test", signal });
  const inFlux = (name: string) => ({ metadata: { name, namespace: "flux-system" } });
  await apply({ apiVersion: "v1", kind: "ConfigMap", ...inFlux("words"), data: { WORD: "hunter" } });
  await apply({ apiVersion: "v1", kind: "Secret", ...inFlux("sops-keys"), data: keys("mine") });
  const filled =
    'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: filled, namespace: default}\ndata: {value: "${WORD}"}\n';
  await world.git.commit("filled", { "app/s.yaml": files.s, "app/c.yaml": filled });
  await apply({
    apiVersion: "source.toolkit.fluxcd.io/v1",
    kind: "GitRepository",
    ...inFlux("filled"),
    spec: { url: world.git.url("filled"), interval: "1m", ref: { branch: "main" } },
  });
  await apply({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    ...inFlux("filled"),
    spec: {
      interval: "1m",
      prune: true,
      path: "./app",
      sourceRef: { kind: "GitRepository", name: "filled" },
      postBuild: { substituteFrom: [{ kind: "ConfigMap", name: "words" }] },
      decryption: { provider: "sops", secretRef: { name: "sops-keys" } },
    },
  });
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "filled" };
  await eventually("it is applied", async () => {
    const live = await world.client.get(ref, { signal });
    return (live?.["data"] as { value?: string } | undefined)?.value === "hunter";
  });
  const shown = await holdfast(["render", "ks/filled"]);
  expect(shown).toMatchObject({ code: 0, err: "" });
  expect(shown.out).toContain("value: hunter");
  expect(shown.out).not.toMatch(/hunter-2|ENC\[/);
  const whole = await holdfast(["render", "ks/filled", "--show-secrets"]);
  expect(whole.out).toContain("a: hunter-2");
  expect(await holdfast(["diff", "ks/filled"])).toMatchObject({ code: 0 });
});

test("diff takes a checkout in place of the repository, and says when that changes nothing", async () => {
  const app = {
    apiVersion: "argoproj.io/v1alpha1",
    kind: "Application",
    metadata: { name: "here", namespace: "argocd" },
    spec: {
      project: "default",
      source: { repoURL: world.git.url("here"), path: "app", targetRevision: "main" },
      destination: { name: "in-cluster", namespace: "default" },
      syncPolicy: { automated: { prune: true } },
    },
  };
  const declared = (value: string) =>
    `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: here}\ndata: {value: ${value}}\n`;
  await world.git.commit("here", { "app/c.yaml": declared("one") });
  const namespace = { apiVersion: "v1", kind: "Namespace", metadata: { name: "argocd" } };
  await world.client.apply(namespace, { manager: "test", signal });
  await world.client.apply(app, { manager: "test", signal });
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name: "here" };
  await eventually("it is applied", async () => (await world.client.get(ref, { signal })) !== null);
  const checkout = join(home, "here");
  await mkdir(join(checkout, "app"), { recursive: true });
  await writeFile(join(checkout, "app/c.yaml"), declared("one"));
  const same = await holdfast(["diff", "app/here", "--local", checkout]);
  expect(same).toMatchObject({ code: 0 });
  expect(same.err).toContain(`app/argocd/here is as declared at ${checkout}`);
  await writeFile(join(checkout, "app/c.yaml"), declared("two"));
  const changed = await holdfast(["diff", "app/here", "--local", checkout]);
  expect(changed.code).toBe(3);
  expect(changed.out).toContain("two");
  const missing = await holdfast(["diff", "app/here", "--local", join(home, "nowhere")]);
  expect(missing).toMatchObject({ code: 2 });
  expect(missing.err).toContain("there is no such directory");
});
