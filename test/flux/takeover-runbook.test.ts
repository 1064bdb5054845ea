import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeAll, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { officialTool } from "../support/official-tool.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { changed, config, webDeployment } from "../support/seen-objects.ts";
import { publishWeb } from "./takeover-objects.ts";
import { useTakeoverWorld } from "./takeover-world.ts";
import { fluxRef } from "./takeover-vendor.ts";

const page = new URL("../../docs/migrate-from-flux.md", import.meta.url);
const takeover = useTakeoverWorld(publishWeb);
const run = promisify(execFile);
const { signal } = new AbortController();
const own = "flux-system";
const apps = ["ks/flux-system/shop", "ks/flux-system/cart", "hr/flux-system/web"];

/** A block of code of the page, and the heading that it stands under. */
interface Block {
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

let home: string;
let environment: NodeJS.ProcessEnv;
let clone: string;
let blocks: Block[];
/** Commands that the page names in passing. */
let named: readonly string[];
const done: string[] = [];

beforeAll(async () => {
  const text = await readFile(page, "utf8");
  blocks = blocksOf(text);
  const prose = text.replaceAll(/^```.*?^```/gms, "");
  named = [...prose.matchAll(/`((?:holdfast|kubectl|git) [^`]+)`/g)].map(([, command = ""]) => command);
  home = await temporaryDirectory();
  await writeFile(join(home, ".gitconfig"), "[user]\n name = Ada\n email = ada@example.com\n");
  const programs = join(home, "programs");
  await mkdir(programs);
  const cli = new URL("../../src/main/cli.ts", import.meta.url).pathname;
  const tools = { holdfast: `"${process.execPath}" "${cli}"`, kubectl: `"${await officialTool("kubectl")}"` };
  for (const [name, program] of Object.entries(tools)) {
    await writeFile(join(programs, name), `#!/bin/sh\nexec ${program} "$@"\n`);
    await chmod(join(programs, name), 0o755);
  }
  const { PATH = "", HOME = "" } = process.env;
  const cache = process.env["XDG_CACHE_HOME"] ?? join(HOME, ".cache");
  const kubeconfig = takeover().world.kubeconfigPath;
  environment = {
    PATH: `${programs}:${PATH}`,
    HOME: home,
    XDG_CACHE_HOME: cache,
    KUBECONFIG: kubeconfig,
    TMPDIR: home,
  };
  await fleet();
  clone = join(home, "fleet");
  await run("git", ["clone", "--quiet", takeover().world.git.url("fleet"), clone], { env: environment });
}, 60_000);

test("every command of the runbook does what the page says, there and back", async () => {
  const { world, flux } = takeover();
  const stop = answering();
  const before = await takeover().versions("shop", "cart");
  const untouched = async () => expect(changed(before, await takeover().versions("shop", "cart"))).toEqual([]);
  const refused = takeover().holdfast("adopt", "ks/flux-system");

  expect(await step("1. Install beside Flux")).toContain("Flux runs");
  expect(await refused).toMatchObject({ code: 5 });
  expect((await refused).err).toContain("it runs Flux itself, which still has hr/flux-system/web, ks/flux-system/cart");
  for (const app of [...apps, "ks/flux-system/flux-system"]) await takeover().shadowed(app);
  expect((await step("2. Look")).match(/nothing would be written/g)).toHaveLength(4);
  expect(await suspended()).toEqual([]);

  await step("3. Adopt one app", { but: 1 });
  expect(await suspended()).toEqual(["ks/flux-system/shop"]);
  await takeover().inPhase("ks/flux-system/shop", "synced");
  await step("3. Adopt one app");
  expect(await suspended()).toEqual([]);
  await step("4. Adopt by label", { but: 1 });
  expect(await suspended()).toEqual(["ks/flux-system/shop", "hr/flux-system/web"]);
  await step("4. Adopt by label");
  await step("5. Adopt the rest");
  expect(await suspended()).toEqual(apps);
  for (const app of apps) await takeover().inPhase(app, "synced");
  await untouched();

  expect(await step("6. Flux itself last", { but: 1 })).toContain("nothing would be written");
  expect(await suspended()).toEqual([...apps, "ks/flux-system/flux-system"]);
  await takeover().inPhase("ks/flux-system/flux-system", "synced");
  await step("6. Flux itself last");

  await step("7. Stop Flux", { only: 1 });
  await writeFile(join(clone, "clusters/prod/flux-system/kustomization.yaml"), taken("7. Stop Flux", "yaml"));
  await step("7. Stop Flux", { only: 1 });
  await flux.untilReady(0);
  expect(await step("7. Stop Flux", { only: 1 })).toContain("Flux does not run");
  expect(await suspended()).toEqual([]);
  for (const app of [...apps, "ks/flux-system/flux-system"]) await takeover().inPhase(app, "synced");
  await untouched();

  await gitReverts();
  await takeover().shadowed("ks/flux-system/flux-system");
  await flux.untilReady(0);
  await gitReverts();
  await takeover().inPhase("ks/flux-system/flux-system", "synced");
  await step("7. Stop Flux");
  await flux.untilReady(1);
  expect(await suspended()).toEqual([]);
  for (const app of [...apps, "ks/flux-system/flux-system"]) await takeover().shadowed(app);
  expect(await flux.helm.wouldUpgrade(fluxRef.release(own, "web"))).toEqual([]);
  await untouched();

  stop();
  await world.engine.stop();
  await step("Giving Holdfast up");
  world.client.invalidateDiscovery();
  await untouched();
  expect(blocks).toEqual([]);
  expect(named.filter((command) => !done.includes(command))).toEqual([]);
}, 400_000);

/** Takes the last commit back, and lets the controller see it. */
async function gitReverts(): Promise<void> {
  const options = { cwd: clone, env: environment };
  await run("git", ["revert", "--no-edit", "HEAD"], options);
  await run("git", ["push", "--quiet"], options);
  const annotations = { "reconcile.fluxcd.io/requestedAt": new Date().toISOString() };
  await takeover().world.patch(fluxRef.source("GitRepository", own, own), { metadata: { annotations } });
}

/** A repository as Flux's bootstrap makes it, with three apps, and all that Flux made of it. */
async function fleet(): Promise<void> {
  const { world, flux, charts } = takeover();
  const { git } = world;
  for (const name of ["shop", "cart"]) await world.space(name);
  const kustomization = (name: string, path: string, labels: object = {}): Resource => ({
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    metadata: { name, namespace: own, ...labels },
    spec: { interval: "10m", prune: true, path, sourceRef: { kind: "GitRepository", name: own } },
  });
  const team = { labels: { team: "shop" } };
  const sync: Resource[] = [
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name: own, namespace: own },
      spec: { interval: "1h", ref: { branch: "main" }, url: git.url("fleet") },
    },
    kustomization(own, "./clusters/prod"),
  ];
  const controllers = ["helm-controller", "kustomize-controller", "source-controller"];
  const components = controllers.map((name) => flux.controller(name));
  const metadata = { name: "web", namespace: own };
  const repository = "source.toolkit.fluxcd.io/v1";
  const chart = { spec: { chart: "web", version: "1.0.0", sourceRef: { kind: "HelmRepository", name: "web" } } };
  const release = { interval: "10m", targetNamespace: "shop", chart, values: { color: "red" } };
  const declared: Resource[] = [
    kustomization("shop", "./apps/shop", team),
    kustomization("cart", "./apps/cart"),
    { apiVersion: repository, kind: "HelmRepository", metadata, spec: { interval: "1h", url: charts.url } },
    { apiVersion: "helm.toolkit.fluxcd.io/v2", kind: "HelmRelease", metadata: { ...metadata, ...team }, spec: release },
  ];
  const app = (name: string): Resource[] =>
    [webDeployment(name), config(`${name}-config`)].map((one) => ({
      ...one,
      metadata: { ...one.metadata, namespace: name },
    }));
  const commit = await git.commit("fleet", {
    "clusters/prod/flux-system/gotk-components.yaml": documents(components),
    "clusters/prod/flux-system/gotk-sync.yaml": documents(sync),
    "clusters/prod/flux-system/kustomization.yaml": "resources: [gotk-components.yaml, gotk-sync.yaml]\n",
    "clusters/prod/apps.yaml": documents(declared),
    "apps/shop/all.yaml": documents(app("shop")),
    "apps/cart/all.yaml": documents(app("cart")),
  });
  for (const object of sync) await world.apply(object, "kustomize-controller");
  const revision = `main@sha1:${commit}`;
  await flux.fetched(fluxRef.source("GitRepository", own, own), revision);
  await flux.kustomized(fluxRef.kustomization(own, own), revision, [...components, ...sync, ...declared]);
  for (const name of ["shop", "cart"]) await flux.kustomized(fluxRef.kustomization(own, name), revision, app(name));
  await flux.fetched(fluxRef.source("HelmRepository", own, "web"), `sha256:${"d4".repeat(32)}`);
  await flux.helm.released(fluxRef.release(own, "web"));
}

/** Runs the next blocks of a section as a person would: all that are left, all but some, or only some. */
async function step(heading: string, options: { but?: number; only?: number } = {}): Promise<string> {
  const left = blocks.filter((block) => block.heading === heading && block.language === "sh");
  expect(left, `commands under ${heading}`).not.toEqual([]);
  const chosen = left.slice(0, options.only ?? left.length - (options.but ?? 0));
  let out = "";
  for (const block of chosen) {
    blocks = blocks.filter((one) => one !== block);
    done.push(...block.text.trim().split("\n"));
    const ran = await run("sh", ["-e", "-c", block.text], { cwd: clone, env: environment, timeout: 120_000, signal });
    out += ran.stdout + ran.stderr;
  }
  return out;
}

/** Takes the text of a file out of the page. */
function taken(heading: string, language: string): string {
  const found = blocks.find((block) => block.heading === heading && block.language === language);
  blocks = blocks.filter((block) => block !== found);
  return found?.text ?? "";
}

function blocksOf(text: string): Block[] {
  return text.split(/^## /m).flatMap((section) => {
    const heading = section.split("\n")[0] ?? "";
    const found = [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)];
    return found.map(([, language = "", code = ""]) => ({ heading, language, text: code }));
  });
}

function documents(objects: readonly Resource[]): string {
  return objects.map((object) => `---\n${JSON.stringify(object)}\n`).join("");
}

/** The apps that Flux is kept off. */
async function suspended(): Promise<readonly string[]> {
  const found: string[] = [];
  for (const key of [...apps, "ks/flux-system/flux-system"]) {
    const name = key.split("/")[2] ?? "";
    const ref = key.startsWith("hr/") ? fluxRef.release(own, name) : fluxRef.kustomization(own, name);
    const object = await takeover().world.get(ref);
    const spec = object?.["spec"] as { suspend?: boolean } | undefined;
    if (spec?.suspend) found.push(key);
  }
  return found;
}

/** Answers for source-controller, for as long as that runs: it fetches when it is asked to. */
function answering(): () => void {
  const { world, flux } = takeover();
  const ref = fluxRef.source("GitRepository", own, own);
  const answer = async () => {
    const deployment = { apiVersion: "apps/v1", kind: "Deployment", namespace: own, name: "source-controller" };
    const { readyReplicas = 0 } = ((await world.get(deployment))?.["status"] ?? {}) as { readyReplicas?: number };
    const object = await world.get(ref);
    const token = object?.metadata.annotations?.["reconcile.fluxcd.io/requestedAt"];
    const { lastHandledReconcileAt } = (object?.["status"] ?? {}) as { lastHandledReconcileAt?: string };
    if (readyReplicas === 0 || token === undefined || token === lastHandledReconcileAt) return;
    await flux.fetched(ref, `main@sha1:${await world.git.git("fleet", "rev-parse", "main")}`);
    const status = { lastHandledReconcileAt: token };
    await world.patch(ref, { status }, { manager: "source-controller", subresource: "status" });
  };
  const timer = setInterval(() => void answer().catch(() => {}), 300);
  return () => clearInterval(timer);
}
