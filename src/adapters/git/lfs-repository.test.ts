import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { Repository } from "#engine/ports.ts";
import { lfsRepositories } from "./lfs-access.ts";
import { lfsPointerOf } from "./lfs-pointer.ts";
import type { GitCredential } from "./git-credential.ts";
import type { GitRepository } from "./git-repository.ts";

const { signal } = new AbortController();
const sha256 = (text: string) => createHash("sha256").update(text).digest("hex");
const pointer = (text: string, size = text.length) =>
  `version https://git-lfs.github.com/spec/v1\noid sha256:${sha256(text)}\nsize ${size}\n`;

let server: Server;
let url: string;
let asked: string[];
let objects: Map<string, string>;
let header: Record<string, string>;

beforeEach(async () => {
  asked = [];
  objects = new Map();
  header = {};
  server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://lfs");
    asked.push(`${request.method} ${pathname} ${request.headers.authorization ?? "-"}`);
    const answer = async () => {
      if (pathname.startsWith("/store/")) return response.end(objects.get(pathname.slice("/store/".length)));
      if (pathname !== "/org/repo.git/info/lfs/objects/batch") return response.writeHead(404).end();
      if (request.headers.authorization === "Basic bm86Ym9keQ==") return response.writeHead(401).end();
      const { objects: wanted } = JSON.parse(await textOf(request)) as { objects: { oid: string; size: number }[] };
      const answers = wanted.map(({ oid, size }) =>
        objects.has(oid)
          ? { oid, size, actions: { download: { href: `${new URL(url).origin}/store/${oid}`, header } } }
          : { oid, size, error: { code: 404, message: "nothing" } },
      );
      return response.end(JSON.stringify({ transfer: "basic", objects: answers }));
    };
    answer().catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/org/repo`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

async function textOf(request: IncomingMessage): Promise<string> {
  let text = "";
  for await (const chunk of request) text += String(chunk);
  return text;
}

function repository(files: Record<string, string>, credential: GitCredential = { kind: "none" }, at = url): Repository {
  const main = { tree: () => Promise.resolve(memoryTree(files)) } as unknown as GitRepository;
  return lfsRepositories()(main, main, { url: at, credential });
}

async function contents(from: Repository, ...paths: string[]) {
  const tree = await from.tree("commit", signal);
  const found = await tree.read(paths, signal);
  return Object.fromEntries([...found].map(([path, bytes]) => [path, Buffer.from(bytes).toString()]));
}

const failure = (from: Repository, ...paths: string[]) =>
  contents(from, ...paths).then(
    () => "no failure",
    (error: Error) => error.message,
  );

describe("LfsRepository", () => {
  test("gives what pointers stand for, asks for all of a read at once, and keeps it", async () => {
    for (const text of ["one", "two"]) objects.set(sha256(text), text);
    const from = repository({ "a.yaml": pointer("one"), "b.yaml": pointer("two"), "c.yaml": "three" });
    const want = { "a.yaml": "one", "b.yaml": "two", "c.yaml": "three" };
    expect(await contents(from, "a.yaml", "b.yaml", "c.yaml")).toEqual(want);
    expect(asked.map((line) => line.split(" ")[0])).toEqual(["POST", "GET", "GET"]);
    expect(await contents(from, "b.yaml")).toEqual({ "b.yaml": "two" });
    expect(asked).toHaveLength(3);
  });

  test("asks nothing for files that are no pointers", async () => {
    expect(await contents(repository({ a: "plain" }), "a")).toEqual({ a: "plain" });
    expect(asked).toEqual([]);
  });

  test("proves who asks to the server of the repository, or as that says", async () => {
    objects.set(sha256("one"), "one");
    const credential = { kind: "basic", username: "ada", password: "x" } as const;
    await contents(repository({ a: pointer("one") }, credential), "a");
    expect(asked.every((line) => line.endsWith(" Basic YWRhOng="))).toBe(true);
    header = { Authorization: "RemoteAuth 1" };
    asked.length = 0;
    await contents(repository({ a: pointer("one") }, { kind: "bearer", token: "t" }), "a");
    expect(asked.map((line) => line.split(" ").slice(2).join(" "))).toEqual(["Bearer t", "RemoteAuth 1"]);
  });

  test("refuses by the name of the file", async () => {
    objects.set(sha256("one"), "other");
    const place = "Cannot fetch a from LFS: ";
    expect(await failure(repository({ a: pointer("one") }), "a")).toBe(
      `${place}what the server gives is not what the pointer says`,
    );
    expect(await failure(repository({ a: pointer("none") }), "a")).toBe(`${place}the server does not have it (404)`);
    expect(await failure(repository({ a: pointer("x", 20 * 2 ** 20) }), "a")).toBe(`${place}it is larger than 16 MiB`);
    const denied = { kind: "basic", username: "no", password: "body" } as const;
    expect(await failure(repository({ a: pointer("one") }, denied), "a")).toBe(`${place}authentication failed`);
    expect(await failure(repository({ a: pointer("one") }, undefined, `${url}s`), "a")).toMatch(
      /repos\.git\/info\/lfs.* answers 404$/,
    );
    server.closeAllConnections();
    server.close();
    expect(await failure(repository({ a: pointer("one") }), "a")).toContain(place);
  });

  test("refuses a repository over ssh", () => {
    expect(() => repository({}, undefined, "ssh://git@host/x")).toThrow("none of http");
  });
});

describe("lfsPointerOf()", () => {
  const oid = sha256("one");
  const cases: [string, string, boolean][] = [
    ["a pointer", pointer("one"), true],
    ["one with extensions", pointer("one").replace("oid", "ext-0-x sha256:ab\noid"), true],
    ["a text about pointers", `see\n${pointer("one")}`, false],
    ["one without size", `version https://git-lfs.github.com/spec/v1\noid sha256:${oid}\n`, false],
    ["a long file", pointer("one") + "x".repeat(2_000), false],
  ];
  for (const [name, text, isPointer] of cases) {
    test(`knows ${name}`, () => {
      expect(lfsPointerOf(Buffer.from(text))).toEqual(isPointer ? { oid, size: 3 } : null);
    });
  }
});
