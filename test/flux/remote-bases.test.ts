import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { configMap, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();

/** Files by path, over http: what is null is a page for people. */
const pages = new Map<string, string | null>();
const asked: string[] = [];
let server: Server;
let address: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    const page = pages.get(request.url ?? "");
    if (page === undefined) response.writeHead(404).end();
    else if (page === null) response.writeHead(200, { "content-type": "text/html; charset=utf-8" }).end("<html>");
    else response.writeHead(200, { "content-type": "text/plain" }).end(page);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

test("a base of another repository is followed like a source, and shared by those who take from it", async () => {
  const { git } = world();
  await git.commit("library", {
    "deploy/kustomization.yaml": "resources: [../settings]\n",
    "settings/kustomization.yaml": "resources: [a.yaml]\n",
    "settings/a.yaml": configMap("settings", { level: "1" }),
  });
  const base = `${git.url("library")}//deploy?ref=main`;
  const one = await world().space("taker");
  const two = await world().space("other-taker");
  for (const space of [one, two]) {
    const commit = await space.commit({
      "app/kustomization.yaml": `namePrefix: ${space.name}-\nresources: ["${base}", own.yaml]\n`,
      "app/own.yaml": configMap("own"),
    });
    await space.kustomization({ interval: "2s" });
    await space.applied(commit);
    await space.holds(`${space.name}-settings`, { level: "1" });
  }
  const before = await one.status();
  await git.commit("library", { "settings/a.yaml": configMap("settings", { level: "2" }) });
  await one.holds("taker-settings", { level: "2" });
  await two.holds("other-taker-settings", { level: "2" });
  expect((await one.status()).lastAppliedRevision).toBe(before.lastAppliedRevision);

  await git.commit("library", { "deploy/kustomization.yaml": "resources: [../gone]\n" });
  const broken = await one.says(`${git.url("library")}?ref=main`);
  expect(broken).toMatchObject({ status: "False", reason: "BuildFailed" });
  await one.holds("taker-settings", { level: "2" });
  await git.commit("library", {
    "deploy/kustomization.yaml": "resources: [b.yaml]\n",
    "deploy/b.yaml": configMap("b"),
  });
  await one.gone(one.configMap("taker-settings"));
  await one.present(one.configMap("taker-b"));
});

test("an object that moves from one app's base to another's is handed over, and never deleted on the way", async () => {
  const { git } = world();
  const list = (names: string[]) => `resources: [${names.map((name) => `../${name}.yaml`).join(", ")}]\n`;
  await git.commit("moving", {
    "a.yaml": configMap("a"),
    "b.yaml": configMap("b"),
    "moved.yaml": configMap("moved"),
    "one/kustomization.yaml": list(["a", "moved"]),
    "two/kustomization.yaml": list(["b"]),
  });
  const one = await world().space("mover");
  // The names decide in which order the apps are worked on: both orders are tried.
  const takers = ["first", "second"] as const;
  for (const [at, taker] of takers.entries()) {
    const base = `${git.url("moving")}//${at === 0 ? "one" : "two"}?ref=main`;
    await git.commit("mover", { [`${taker}/kustomization.yaml`]: `resources: ["${base}"]\n` });
  }
  await one.gitRepository();
  for (const taker of takers) await one.kustomization({ path: `./${taker}`, interval: "2s" }, taker);
  for (const name of ["a", "b", "moved"]) await one.present(one.configMap(name));
  const { uid } = (await one.present(one.configMap("moved"))).metadata;
  const owner = async () =>
    (await world().get(one.configMap("moved")))?.metadata.labels?.["kustomize.toolkit.fluxcd.io/name"];
  for (const [from, to] of [["one", "two"] as const, ["two", "one"] as const]) {
    const [kept, left] = from === "one" ? ["b", "a"] : ["a", "b"];
    await git.commit("moving", {
      [`${from}/kustomization.yaml`]: list([left]),
      [`${to}/kustomization.yaml`]: list([kept, "moved"]),
    });
    const next = to === "one" ? "first" : "second";
    await eventually(`${next} has it`, async () => (await owner()) === next);
    expect((await one.present(one.configMap("moved"))).metadata.uid).toBe(uid);
  }
});

test("a base that cannot be had is named, and what is there stays as it is", async () => {
  const space = await world().space("baseless");
  const first = await space.commit({ "app/a.yaml": configMap("a"), "app/kept.yaml": configMap("kept") });
  await space.kustomization();
  await space.applied(first);
  await space.commit({
    "app/kustomization.yaml": `resources: ["${world().git.url("nowhere")}//x?ref=v1"]\n`,
    "app/a.yaml": null,
  });
  const failed = await space.says("the remote base");
  expect(failed.message).toContain(`${world().git.url("nowhere")}?ref=v1 cannot be fetched`);
  expect(failed).toMatchObject({ status: "False", reason: "BuildFailed" });
  await world().patch(space.configMap("a"), { data: { value: "2" } });
  await space.holds("a", { value: "1" });
  const mended = await space.commit({ "app/kustomization.yaml": null, "app/b.yaml": configMap("b") });
  await space.applied(mended);
  await space.gone(space.configMap("a"));
});

test("a file over http is a resource, asked for again, and a page for people is told from one", async () => {
  pages.set("/install.yaml", `${configMap("one")}---\n${configMap("two")}`);
  const space = await world().space("installed");
  const commit = await space.commit({ "app/kustomization.yaml": `resources: ["${address}/install.yaml?t=s3cret"]\n` });
  pages.set("/install.yaml?t=s3cret", pages.get("/install.yaml")!);
  await space.kustomization({ interval: "2s" });
  await space.applied(commit);
  await space.present(space.configMap("two"));
  pages.set("/install.yaml?t=s3cret", configMap("one", { value: "2" }));
  await space.holds("one", { value: "2" });
  await space.gone(space.configMap("two"));

  pages.set("/install.yaml?t=s3cret", null);
  const page = await space.says("it is a web page");
  expect(page.message).toContain(`${address}/install.yaml`);
  await space.holds("one", { value: "2" });
  pages.delete("/install.yaml?t=s3cret");
  await space.says("there is no such file");
  expect(JSON.stringify([await space.status(), world().engine.lines])).not.toContain("s3cret");

  await world().delete(space.kustomizationRef());
  await space.gone(space.kustomizationRef());
  await eventually("nobody asks for it any more", async () => {
    const before = asked.length;
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    return asked.length === before;
  });
});
