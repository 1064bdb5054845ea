import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { temporaryDirectory, useControlPlane } from "./support/control-plane.ts";
import { adminClient, installDefinitions, settingsOf, startEngine, type TestEngine } from "./support/engine.ts";
import { eventually } from "./support/eventually.ts";
import { type GitServer, startGitServer } from "./support/git-server.ts";

const plane = useControlPlane({ withNodes: false });
const { signal } = new AbortController();
const program = new URL("../src/main/cli.ts", import.meta.url).pathname;
let git: GitServer;
let client: ConnectedCluster;
let engine: TestEngine;
let home: string;

beforeAll(async () => {
  git = await startGitServer();
  client = adminClient(plane());
  home = await temporaryDirectory();
  await writeFile(join(home, ".gitconfig"), "[user]\n name = Ada\n email = ada@example.com\n");
  await installDefinitions(client, signal);
  engine = await startEngine(settingsOf(plane()));
}, 60_000);

afterAll(async () => {
  await engine?.stop();
  await client?.close();
  await git?.stop();
});

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a command as a person would; standard input is `input`. */
function holdfast(args: readonly string[], input = ""): Promise<Ended> {
  const env = { PATH: process.env["PATH"], HOME: home, KUBECONFIG: plane().kubeconfigPath, TMPDIR: home };
  const cache = process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache");
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [program, ...args],
      { env: { ...env, XDG_CACHE_HOME: cache }, timeout: 60_000 },
      (error, out, err) => resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}

const configMap = (name: string, value: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, namespace: default}\ndata: {value: "${value}"}\n`;

async function valueOf(name: string): Promise<string | null> {
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "default", name };
  const live = await client.get(ref, { signal });
  return (live?.["data"] as { value?: string } | undefined)?.value ?? null;
}

async function makeKustomization(name: string, path: string): Promise<void> {
  const metadata = { name, namespace: "flux-system" };
  await client.apply(
    {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "GitRepository",
      metadata,
      spec: { url: git.url(name), interval: "1m", ref: { branch: "main" } },
    },
    { manager: "test", signal },
  );
  await client.apply(
    {
      apiVersion: "kustomize.toolkit.fluxcd.io/v1",
      kind: "Kustomization",
      metadata,
      spec: { interval: "1m", prune: true, path, sourceRef: { kind: "GitRepository", name } },
    },
    { manager: "test", signal },
  );
}

test("rollback makes one commit that restores only what the app reads, and waits until it is applied", async () => {
  await git.commit("shop", { "app/web.yaml": configMap("web", "one"), "README.md": "one" });
  await makeKustomization("shop", "./app");
  await eventually("the first state is applied", async () => (await valueOf("web")) === "one");
  const good = await git.git("shop", "rev-parse", "main");
  await git.commit("shop", {
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
  expect(await git.git("shop", "diff", "--name-only", "main~1", "main")).toBe("app/extra.yaml\napp/web.yaml");
  expect(await git.git("shop", "show", "main:README.md")).toBe("two");
  expect(await git.git("shop", "log", "-1", "--format=%an <%ae>", "main")).toBe("Ada <ada@example.com>");
});
