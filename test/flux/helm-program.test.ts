import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ChartServer } from "../support/chart-server.ts";
import { temporaryDirectory } from "../support/control-plane.ts";
import { officialTool } from "../support/official-tool.ts";
import { eventually } from "../support/eventually.ts";
import { dataOf, useFluxWorld } from "./flux-world.ts";
import { configTemplate, HelmSpace, stateOf } from "./helm-space.ts";

const world = useFluxWorld();
let server: ChartServer;
let folder: string;
let program: string;

const chart = {
  "Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
  "values.yaml": "color: blue\n",
  "templates/a.yaml": configTemplate("a"),
  "templates/NOTES.txt": "The color is {{ .Values.color }}.",
};

beforeAll(async () => {
  server = await new ChartServer().start();
  server.publish("web", "1.0.0", { files: chart });
  folder = await temporaryDirectory();
  program = await officialTool("helm");
  for (const [path, text] of Object.entries(chart)) {
    await mkdir(dirname(join(folder, "web", path)), { recursive: true });
    await writeFile(join(folder, "web", path), text);
  }
});
afterAll(async () => {
  await server.stop();
  await rm(folder, { recursive: true, force: true });
});

async function helm(namespace: string, ...args: string[]): Promise<string> {
  const env = { HOME: folder, KUBECONFIG: world().kubeconfigPath };
  return (await promisify(execFile)(program, [...args, "--namespace", namespace], { env, cwd: folder })).stdout;
}

interface Row {
  readonly revision: number;
  readonly status: string;
  readonly description: string;
}

async function history(name: string): Promise<readonly Row[]> {
  return JSON.parse(await helm(name, "history", name, "--output", "json")) as Row[];
}

const helmSpace = async (name: string) => new HelmSpace(world(), await world().space(name), server.url);

describe.concurrent("the official helm", () => {
  test("reads what was released here", async () => {
    const own = await helmSpace("program-reads");
    await own.release("web", "1.0.0", { values: { color: "red" } });
    await own.ready(1);
    await own.release("web", "1.0.0", { values: { color: "green" } });
    await own.ready(2);
    expect(
      (await history(own.name)).map(({ revision, status, description }) => [revision, status, description]),
    ).toEqual([
      [1, "superseded", "Install complete"],
      [2, "deployed", "Upgrade complete"],
    ]);
    expect(await helm(own.name, "get", "values", own.name)).toContain("color: green");
    expect(await helm(own.name, "get", "manifest", own.name)).toContain("color: green");
    expect(await helm(own.name, "status", own.name)).toContain("The color is green.");
    const list = JSON.parse(await helm(own.name, "list", "--output", "json")) as { chart: string; status: string }[];
    expect(list).toMatchObject([{ chart: "web-1.0.0", status: "deployed" }]);
  });

  test("rolls back a suspended release, and what is declared comes back when it is resumed", async () => {
    const own = await helmSpace("program-back");
    await own.release("web", "1.0.0", { values: { color: "red" } });
    await own.ready(1);
    await own.release("web", "1.0.0", { values: { color: "green" } });
    await own.ready(2);
    await world().patch(own.ref, { spec: { suspend: true } });
    await helm(own.name, "rollback", own.name, "1");
    await own.space.holds("program-back-a", { color: "red" });
    await world().patch(own.ref, { spec: { suspend: false } });
    await own.ready(4);
    await own.space.holds("program-back-a", { color: "green" });
    expect((await history(own.name)).map(({ status }) => status)).toEqual([
      "superseded",
      "superseded",
      "superseded",
      "deployed",
    ]);
  });

  test("removes a release, which is installed again", async () => {
    const own = await helmSpace("program-removes");
    await own.release("web", "1.0.0");
    await own.ready(1);
    const before = await world().get(own.space.configMap("program-removes-a"));
    await helm(own.name, "uninstall", own.name);
    const again = async () => (await world().get(own.space.configMap("program-removes-a")))?.metadata.uid ?? false;
    const uid = await eventually("the release is there again", async () => {
      const now = await again();
      return now !== false && now !== before?.metadata.uid && now;
    });
    expect(uid).not.toBe(before?.metadata.uid);
    await own.ready(1);
  });

  test("is not disturbed in the middle of something", async () => {
    const own = await helmSpace("program-busy");
    await own.release("web", "1.0.0");
    await own.ready(1);
    const secret = own.space.at("v1", "Secret", "sh.helm.release.v1.program-busy.v1");
    const rewrite = (status: string) =>
      world().patch(secret, {
        metadata: { labels: { status }, annotations: { "holdfast.dev/release-of": null } },
      });
    await rewrite("pending-rollback");
    await own.status("told", (status) => {
      const message = status.conditions?.find(({ type }) => type === "Ready")?.message ?? "";
      return message.includes("release is in status 'pending-rollback' by somebody else's hand");
    });
    await rewrite("deployed");
    await own.ready(1);
    expect(await history(own.name)).toHaveLength(1);
  });

  test("made a release that is taken over as it is, without another revision", async () => {
    const own = await helmSpace("program-made");
    await helm(own.name, "install", own.name, "./web", "--set", "color=red");
    const before = await world().get(own.space.configMap("program-made-a"));
    await own.release("web", "1.0.0", { values: { color: "red" }, driftDetection: { mode: "enabled" } });
    await own.ready(1);
    expect(await history(own.name)).toHaveLength(1);
    const after = await world().get(own.space.configMap("program-made-a"));
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    await world().patch(own.space.configMap("program-made-a"), { data: { color: "grey" } });
    await own.space.holds("program-made-a", { color: "red" });
    await own.remove();
    await own.space.gone(own.space.configMap("program-made-a"));
  });

  test("made a release that is the app's from then on, and goes with it, also where drift is not looked for", async () => {
    const own = await helmSpace("program-marked");
    await helm(own.name, "install", own.name, "./web", "--set", "color=red");
    await world().patch(own.space.configMap("program-marked-a"), { data: { color: "by hand" } });
    await own.release("web", "1.0.0", { values: { color: "red" } });
    await own.ready(1);
    const marked = await world().get(own.space.configMap("program-marked-a"));
    expect(marked?.metadata.labels).toMatchObject({ "helm.toolkit.fluxcd.io/name": "program-marked" });
    expect(dataOf(marked)).toEqual({ color: "by hand" });
    await own.remove();
    await own.space.gone(own.space.configMap("program-marked-a"));
  });

  test("made a release that differs, which is upgraded without being created anew", async () => {
    const own = await helmSpace("program-differs");
    await helm(own.name, "install", own.name, "./web", "--set", "color=red");
    const before = await world().get(own.space.configMap("program-differs-a"));
    await own.release("web", "1.0.0", { values: { color: "green" } });
    const status = await own.ready(2);
    expect(stateOf(status, "Released")).toBe("True");
    const after = await world().get(own.space.configMap("program-differs-a"));
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(dataOf(after)).toEqual({ color: "green" });
  });
});
