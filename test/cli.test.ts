import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import { temporaryDirectory } from "./support/control-plane.ts";
import { useEngineWorld } from "./support/engine-world.ts";
import { eventually } from "./support/eventually.ts";
import { startOciRegistry } from "./support/oci-registry.ts";

const world = useEngineWorld({ withNodes: false });
const { signal } = new AbortController();
const program = new URL("../src/main/cli.ts", import.meta.url).pathname;
let home: string;

beforeAll(async () => {
  home = await temporaryDirectory();
  await writeFile(join(home, ".gitconfig"), "[user]\n name = Ada\n email = ada@example.com\n");
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function environment(): NodeJS.ProcessEnv {
  const cache = process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache");
  const { PATH } = process.env;
  return { PATH, HOME: home, XDG_CACHE_HOME: cache, KUBECONFIG: world.plane.kubeconfigPath, TMPDIR: home };
}

/** Runs a command as a person would; standard input is `input`. */
function holdfast(args: readonly string[], input = ""): Promise<Ended> {
  return new Promise((resolve) => {
    const options = { env: environment(), timeout: 60_000 };
    const child = execFile(process.execPath, [program, ...args], options, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}

const configMap = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\ndata: {value: "${value}"}\n`;

async function valueOf(name: string): Promise<string | null> {
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name };
  const live = await world.client.get(ref, { signal });
  return (live?.["data"] as { value?: string } | undefined)?.value ?? null;
}

async function makeKustomization(
  name: string,
  path: string,
  { ref = { branch: "main" }, spec = {} }: { ref?: object; spec?: object } = {},
): Promise<void> {
  const metadata = { name, namespace: "flux-system" };
  await world.client.apply(
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata,
      spec: { url: world.git.url(name), interval: "1m", ref },
    },
    { manager: "test", signal },
  );
  await world.client.apply(
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata,
      spec: { interval: "1m", prune: true, path, sourceRef: { kind: "GitRepository", name }, ...spec },
    },
    { manager: "test", signal },
  );
}

test("rollback makes one commit that restores only what the app reads, and waits until it is applied", async () => {
  await world.git.commit("shop", { "app/web.yaml": configMap("web", "one"), "README.md": "one" });
  await makeKustomization("shop", "./app");
  await eventually("the first state is applied", async () => (await valueOf("web")) === "one");
  const good = await world.git.git("shop", "rev-parse", "main");
  await world.git.commit("shop", {
    "app/web.yaml": configMap("web", "two"),
    "app/extra.yaml": configMap("extra", "1"),
    "README.md": "two",
  });
  await holdfast(["sync", "ks/shop", "--wait"]);
  expect(await valueOf("web")).toBe("two");

  const dry = await holdfast(["rollback", "shop", "--dry-run"]);
  expect(dry.out).toContain("app/extra.yaml");
  expect(dry.out).toMatch(/^-\s+value: "?two"?$/m);
  const done = await holdfast(["rollback", "shop", "-o", "json"]);
  expect(done).toMatchObject({ code: 0 });
  expect(JSON.parse(done.out)).toMatchObject({ to: good, branch: "main", files: ["app/extra.yaml", "app/web.yaml"] });
  expect(await valueOf("web")).toBe("one");
  expect(await valueOf("extra")).toBeNull();
  expect(await world.git.git("shop", "diff", "--name-only", "main~1", "main")).toBe("app/extra.yaml\napp/web.yaml");
  expect(await world.git.git("shop", "show", "main:README.md")).toBe("two");
  expect(await world.git.git("shop", "log", "-1", "--format=%an <%ae>", "main")).toBe("Ada <ada@example.com>");
});

test("a bad commit: why names it, and rollback works although the head does not render", async () => {
  await world.git.commit("bad", { "app/a.yaml": configMap("bad-a", "one") });
  await makeKustomization("bad", "./app");
  await eventually("the first state is applied", async () => (await valueOf("bad-a")) === "one");
  await world.git.commit("bad", { "app/a.yaml": "data: {", "app/new.yaml": "[" });
  const synced = await holdfast(["sync", "bad", "--wait"]);
  expect(synced.code).toBe(6);
  const why = await holdfast(["why", "bad", "-o", "json"]);
  const { state, reasons } = JSON.parse(why.out) as { state: string; reasons: { rule: string; message: string }[] };
  expect(state).toBe("Failed");
  expect(reasons).toContainEqual(
    expect.objectContaining({ rule: "BuildFailed", message: expect.stringContaining("app/a.yaml") as string }),
  );
  const done = await holdfast(["rollback", "bad"]);
  expect(done).toMatchObject({ code: 0 });
  expect(await world.git.git("bad", "show", "main:app/a.yaml")).toContain("bad-a");
  expect(await world.git.git("bad", "ls-tree", "--name-only", "main", "app/")).toBe("app/a.yaml");
  expect((await holdfast(["get", "bad"])).out).toMatch(/ks\/flux-system\/bad +Ready/);
});

test("rollback is refused where a commit on a branch would not arrive, and with --branch leaves the tracked one alone", async () => {
  const first = await world.git.commit("fixed", { "app/a.yaml": configMap("fixed", "one") });
  await world.git.git("fixed", "tag", "v1");
  await makeKustomization("fixed", "./app", { ref: { tag: "v1" } });
  await eventually("it is applied", async () => (await valueOf("fixed")) === "one");
  const refused = await holdfast(["rollback", "fixed", "--to", first]);
  expect(refused.code).toBe(5);
  expect(refused.err).toContain("follows tag v1");

  await makeKustomization("fixed", "./app");
  const head = await world.git.commit("fixed", { "app/a.yaml": configMap("fixed", "two") });
  const review = await holdfast([
    "rollback",
    "fixed",
    "--to",
    first.slice(0, 8),
    "--branch",
    "back",
    "--author",
    "Bo <bo@x.org>",
  ]);
  expect(review).toMatchObject({ code: 0 });
  expect(await world.git.git("fixed", "rev-parse", "main")).toBe(head);
  expect(await world.git.git("fixed", "rev-parse", "back~1")).toBe(head);
  expect(await world.git.git("fixed", "log", "-1", "--format=%an", "back")).toBe("Bo");
});

test("held deletions: why names the budget, approve lets exactly them happen", async () => {
  await world.git.commit("held", { "app/a.yaml": configMap("held-a", "1"), "app/b.yaml": configMap("held-b", "1") });
  await makeKustomization("held", "./app");
  await eventually("both exist", async () => (await valueOf("held-b")) === "1");
  expect((await holdfast(["approve", "held"])).code).toBe(5);
  await world.git.commit("held", {
    "app/a.yaml": null,
    "app/b.yaml": null,
    "app/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources: [c.yaml]\n",
    "app/c.yaml": configMap("held-c", "1"),
  });
  await holdfast(["sync", "held", "--wait"]);
  expect([await valueOf("held-a"), await valueOf("held-c")]).toEqual(["1", "1"]);
  expect((await holdfast(["get", "held"])).out).toContain("holdfast why");
  expect((await holdfast(["why", "held"])).out).toMatch(
    /deletion-budget: .*held-a[^]*holdfast approve ks\/flux-system\/held/,
  );
  const shown = JSON.parse((await holdfast(["diff", "held", "-o", "json"])).out) as { objects: { id: string }[] };
  expect(shown.objects.map((object) => object.id)).toEqual(["/ConfigMap/default/held-a", "/ConfigMap/default/held-b"]);
  const approved = await holdfast(["approve", "held"]);
  expect(approved.out).toContain("ConfigMap/default/held-a");
  await eventually(
    "they are gone",
    async () => (await valueOf("held-a")) === null && (await valueOf("held-b")) === null,
  );
  expect((await holdfast(["events", "held"])).out).toContain("DeletionsApproved");
});

test("an Application: create, order a sync, pause, suspend, adopt and release", async () => {
  const secret = (value: string) =>
    `apiVersion: v1\nkind: Secret\nmetadata: {name: cart, namespace: default}\nstringData: {password: ${value}}\n`;
  await world.git.commit("cart", { "app/cm.yaml": configMap("cart", "one"), "app/secret.yaml": secret("hunter2") });
  const made = await holdfast(["create", "app", "cart", "--url", world.git.url("cart"), "--path", "app", "--no-auto"]);
  expect(made).toMatchObject({ code: 0 });
  expect((await holdfast(["create", "app", "cart", "--url", world.git.url("cart")])).code).toBe(5);
  await eventually("it waits for an order", async () => (await holdfast(["get", "cart"])).out.includes("OutOfSync"));
  expect((await holdfast(["why", "cart"])).out).toContain("manual-sync");
  const before = await holdfast(["diff", "cart"]);
  expect(before.code).toBe(3);
  expect(before.out).toContain("create /Secret/default/cart");
  expect(before.out).not.toContain("hunter2");
  expect(before.out).not.toContain(Buffer.from("hunter2").toString("base64"));
  expect(await holdfast(["sync", "app/cart", "--wait"])).toMatchObject({ code: 0 });
  expect(await valueOf("cart")).toBe("one");
  expect((await holdfast(["diff", "cart"])).code).toBe(0);
  const history = JSON.parse((await holdfast(["history", "cart", "-o", "json"])).out) as { message: string }[];
  expect(history[0]?.message).toBe("by Ada");

  expect((await holdfast(["pause", "cart", "--for", "1h", "--reason", "looking"])).code).toBe(0);
  expect((await holdfast(["get", "cart"])).out).toMatch(/Paused.*looking \(Ada\)/);
  expect((await holdfast(["sync", "cart"])).code).toBe(5);
  await holdfast(["resume", "cart"]);
  await holdfast(["suspend", "cart"]);
  expect((await holdfast(["get", "cart"])).out).toContain("Suspended");
  await holdfast(["adopt", "cart"]);
  expect((await holdfast(["get", "cart"])).out).toContain("Suspended");
  await holdfast(["resume", "cart"]);
  expect((await holdfast(["get", "cart"])).out).toContain("Ready");
  const ref = { apiVersion: "argoproj.io/v1alpha1", kind: "Application", namespace: "argocd", name: "cart" };
  const annotations = async () => (await world.client.get(ref, { signal }))?.metadata.annotations ?? {};
  expect(await annotations()).toMatchObject({ "argocd.argoproj.io/skip-reconcile": "true" });
  await holdfast(["release", "cart"]);
  expect(Object.keys(await annotations())).not.toContain("argocd.argoproj.io/skip-reconcile");
  expect(Object.keys(await annotations())).not.toContain("holdfast.dev/adopted");
});

test("adopting a Kustomization suspends it for the vendor and keeps it active here", async () => {
  await world.git.commit("own", { "app/a.yaml": configMap("own", "one") });
  await makeKustomization("own", "./app");
  await eventually("it is applied", async () => (await valueOf("own")) === "one");
  await holdfast(["adopt", "ks/own"]);
  const ref = {
    apiVersion: "kustomize.toolkit.fluxcd.io/v1",
    kind: "Kustomization",
    namespace: "flux-system",
    name: "own",
  };
  expect((await world.client.get(ref, { signal }))?.["spec"]).toMatchObject({ suspend: true });
  await world.git.commit("own", { "app/a.yaml": configMap("own", "two") });
  expect(await holdfast(["sync", "ks/own", "--wait"])).toMatchObject({ code: 0 });
  expect(await valueOf("own")).toBe("two");
  await holdfast(["release", "ks/own"]);
  expect((await world.client.get(ref, { signal }))?.["spec"]).toMatchObject({ suspend: false });
});

test("addresses: near matches, several of one name, unknown kinds and clusters that are not there", async () => {
  await world.git.commit("twin", { "app/a.yaml": configMap("twin", "one") });
  await makeKustomization("twin", "./app");
  await holdfast(["create", "app", "twin", "--url", world.git.url("twin"), "--path", "app", "--no-auto"]);
  const twins = await holdfast(["get", "twin"]);
  expect(twins.code).toBe(4);
  expect(twins.err).toContain("app/argocd/twin, ks/flux-system/twin");
  expect((await holdfast(["get", "ks/twin"])).code).toBe(0);
  const slip = await holdfast(["why", "twni", "-n", "flux-system"]);
  expect([slip.code, slip.err.includes("Did you mean ks/flux-system/twin?")]).toEqual([4, true]);
  expect((await holdfast(["get", "pod/twin"])).code).toBe(2);
  expect((await holdfast(["frobnicate"])).code).toBe(2);
  const lost = await holdfast(["get", "--kubeconfig", join(home, "nowhere")]);
  expect([lost.code, lost.err.includes("holdfast cluster up")]).toEqual([8, true]);
  const listed = JSON.parse((await holdfast(["get", "apps", "-o", "json"])).out) as { key: string; source: unknown }[];
  const own = listed.find((app) => app.key === "ks/flux-system/twin");
  expect(own?.source).toEqual({ url: world.git.url("twin"), ref: "main", path: "app" });
  const checks = JSON.parse((await holdfast(["check", "-o", "json"])).out) as { area: string; verdict: string }[];
  expect(checks.filter((check) => check.verdict === "problem")).toEqual([]);
  expect(checks.find((check) => check.area === "controller")?.verdict).toBe("ok");
});

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop, uid: u1, generation: 2}
spec: {replicas: 3, selector: {matchLabels: {app: web}}}
status: {observedGeneration: 1}
`;

test("eval works offline, on files and on standard input, in each dialect's words", async () => {
  const live = join(home, "live.yaml");
  const desired = join(home, "desired.json");
  await writeFile(live, `${deployment}---\n${configMap("old", "1")}`);
  await writeFile(
    desired,
    JSON.stringify({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "web", namespace: "shop" },
      spec: { replicas: 2, selector: { matchLabels: { app: "web" } } },
    }),
  );
  const flux = await holdfast(["eval", "health", "--dialect", "flux", live]);
  const lines = flux.out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
  expect(lines.map(({ file, id, status }) => [file, id, status])).toEqual([
    [live, "apps/Deployment/shop/web", "InProgress"],
    [live, "/ConfigMap/default/old", "Current"],
  ]);
  const argo = await holdfast(["eval", "health", "--dialect", "argocd", "-"], deployment);
  expect(JSON.parse(argo.out)).toMatchObject({ file: "-", status: "Progressing" });

  const one = join(home, "one.yaml");
  await writeFile(one, deployment);
  const diff = await holdfast(["eval", "diff", "--dialect", "flux", "--desired", desired, "--live", one]);
  expect([diff.code, diff.out]).toEqual([3, "/spec/replicas\n"]);
  const ignore = join(home, "ignore.yaml");
  await writeFile(ignore, "- group: apps\n  kind: Deployment\n  jsonPointers: [/spec/replicas]\n");
  const none = await holdfast([
    "eval",
    "diff",
    "--dialect",
    "argocd",
    "--desired",
    desired,
    "--live",
    one,
    "--ignore",
    ignore,
  ]);
  expect([none.code, none.out]).toEqual([0, ""]);

  const files = ["--desired", desired, "--live", live, "--inventory", live];
  const plan = JSON.parse((await holdfast(["eval", "plan", "--dialect", "flux", ...files])).out) as {
    stages: { changes: { key: string; action: string; certificate: { uid: string } | null }[] }[];
  };
  const changes = plan.stages.flatMap((stage) => stage.changes);
  expect(changes.map(({ key, action }) => [key, action])).toEqual([
    ["apps/Deployment/shop/web", "update"],
    ["/ConfigMap/default/old", "delete"],
  ]);
  expect(changes[1]?.certificate).toMatchObject({ cause: "left-source", allowedBy: "budget" });
  const broken = await holdfast(["eval", "health", "--dialect", "flux", "-"], "a: [\n");
  expect([broken.code, broken.err.includes("standard input:1")]).toEqual([1, true]);
});

test("an app from a registry is rendered and compared, also at another tag; rolling it back is explained", async () => {
  const registry = await startOciRegistry();
  try {
    const push = (tag: string, word: string) =>
      registry.push("pulled", tag, { files: { "c.yaml": configMap("pulled", word) } });
    await push("v1", "one");
    await push("v2", "two");
    await world.client.apply(
      {
        apiVersion: "source.toolkit.fluxcd.io/v1",
        kind: "OCIRepository",
        metadata: { name: "pulled", namespace: "flux-system" },
        spec: { url: registry.url("pulled"), interval: "1h", insecure: true, ref: { tag: "v2" } },
      },
      { manager: "test", signal },
    );
    await makeKustomization("pulled", "./", { spec: { sourceRef: { kind: "OCIRepository", name: "pulled" } } });
    await eventually("it is applied", async () => (await valueOf("pulled")) === "two");
    expect(await holdfast(["render", "ks/pulled"])).toMatchObject({
      err: "",
      out: expect.stringContaining("value: two"),
    });
    expect((await holdfast(["render", "ks/pulled", "--revision", "v1"])).out).toContain("value: one");
    const changed = await holdfast(["diff", "ks/pulled", "--revision", "v1"]);
    expect([changed.code, changed.out]).toEqual([3, expect.stringMatching(/-.*two[^]*\+.*one/)]);
    const refused = await holdfast(["rollback", "ks/pulled"]);
    expect([refused.code === 0, refused.err]).toEqual([
      false,
      expect.stringMatching(/its source is no Git repository[^]*same tag/),
    ]);
  } finally {
    await registry.stop();
  }
});

test("files of submodules are rendered; rolling back a source that has them is explained", async () => {
  const lib = await world.git.commit("parts-lib", { "b.yaml": configMap("part", "of the library") });
  await world.git.commit("parts", {
    ".gitmodules": '[submodule "lib"]\n\tpath = app/lib\n\turl = ../parts-lib.git\n',
    "app/lib": { submodule: lib },
    "app/a.yaml": configMap("parts", "own"),
  });
  await makeKustomization("parts", "./app");
  await world.client.apply(
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata: { name: "parts", namespace: "flux-system" },
      spec: { url: world.git.url("parts"), interval: "1m", ref: { branch: "main" }, recurseSubmodules: true },
    },
    { manager: "test", signal },
  );
  await eventually("it is applied", async () => (await valueOf("part")) === "of the library");
  const rendered = await holdfast(["render", "ks/parts"]);
  expect([rendered.err, rendered.out]).toEqual(["", expect.stringContaining("of the library")]);
  const refused = await holdfast(["rollback", "ks/parts"]);
  expect([refused.code === 0, refused.err]).toEqual([
    false,
    expect.stringMatching(/its source has submodules[^]*Revert the commit with git/),
  ]);
});

test("controller serves health while another one leads, and ends with 0 when told", async () => {
  const args = [program, "controller", "--data-dir", join(home, "data"), "--metrics-address", "127.0.0.1:0"];
  const child = spawn(process.execPath, args, { env: environment(), stdio: ["ignore", "ignore", "pipe"] });
  let log = "";
  child.stderr.on("data", (chunk: Buffer) => (log += chunk.toString()));
  await eventually("it serves", () => Promise.resolve(/"url":"(http[^"]+)"/.test(log)));
  const url = /"url":"(http[^"]+)"/.exec(log)?.[1] ?? "";
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  expect(await (await fetch(`${url}/metrics`)).text()).toContain("holdfast_");
  child.kill("SIGTERM");
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(0);
});
