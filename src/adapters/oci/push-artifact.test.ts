import { expect, test } from "vitest";
import type { FileTree } from "#core/source/file-tree.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import { startTokenServer, basicHeader } from "#test/support/oci-registry.ts";
import { pushArtifact, type PushRequest } from "./push-artifact.ts";
import { pulled, refused, signal, text, useOciWorld } from "./testing/oci-world.ts";

const world = useOciWorld();

function push(tree: FileTree, more: Partial<PushRequest> = {}) {
  const { registry, name } = world();
  const credential = () => ({ kind: "none" }) as const;
  const request = { url: registry.url(name), tag: "latest", tree, annotations: {}, credential, insecure: true };
  return pushArtifact({ ...request, ...more }, signal);
}

const deep = `${"folder-with-a-long-name/".repeat(6)}file.yaml`;

test("what is pushed is pulled again, also files with long names, in other scripts, or with nothing in them", async () => {
  const files = { "app/a.yaml": "a: 1\n", [deep]: "x", "größe.yaml": "ü", empty: "" };
  const { digest, files: count } = await push(memoryTree(files));
  expect(count).toBe(4);
  const repository = world().open();
  const tree = await pulled(repository);
  for (const [path, content] of Object.entries(files)) expect(await text(tree, path)).toBe(content);
  expect(tree.children("")).toEqual(["app", "empty", "folder-with-a-long-name", "größe.yaml"]);
  expect(await repository.holds(digest, signal)).toBe(true);
});

test("equal trees are one artifact, whose blobs are sent once", async () => {
  const first = await push(memoryTree({ a: "1" }));
  const before = world()
    .asked()
    .filter((call) => call.startsWith("POST")).length;
  const again = await push(memoryTree({ a: "1" }), { tag: "v2" });
  expect(again.digest).toBe(first.digest);
  expect([
    before,
    world()
      .asked()
      .filter((call) => call.startsWith("POST")).length,
  ]).toEqual([2, 2]);
});

test("a token is asked for with the right to push", async () => {
  const login = { kind: "basic", username: "ada", password: "pw" } as const;
  const server = await startTokenServer("t0ken", { authorization: basicHeader(login) });
  try {
    world().registry.behaviour.bearer = { token: "t0ken", realm: server.realm };
    await push(memoryTree({ a: "1" }), { credential: () => login });
    expect(server.requests[0]?.query.get("scope")).toBe(`repository:${world().name}:pull,push`);
  } finally {
    await server.stop();
  }
});

test("links stay behind and are told", async () => {
  expect(await push(memoryTree({ a: "1", "b/c": { link: "../a" } }))).toMatchObject({ files: 1, left: ["b/c"] });
  expect((await pulled(world().open())).children("")).toEqual(["a"]);
});

test("an upload that is sent to another host, no files and no tag are refused", async () => {
  const tree = memoryTree({ a: "1" });
  world().registry.behaviour.fault = ({ method }) =>
    method === "POST" ? { status: 202, headers: { location: "http://elsewhere.invalid/upload" } } : undefined;
  expect(await refused(push(tree))).toMatchObject({ code: "redirect" });
  expect(await refused(push(memoryTree({})))).toMatchObject({ code: "refused-content" });
  expect(await refused(push(tree, { tag: "a b" }))).toMatchObject({ code: "invalid-ref" });
});
