import { createHash } from "node:crypto";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ArtifactRef } from "#core/source/source.ts";
import { tarballOf, tarOf } from "#test/support/tarball.ts";
import { externalFetcher, type ExternalFetcher, type ExternalFetcherOptions } from "./external-fetcher.ts";

const { signal } = new AbortController();
let directory = "";
let server: Server;
let url = "";
let answer: RequestListener;
const asked: string[] = [];
const open: ExternalFetcher[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "external-"));
  server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`);
    answer(request, response);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/a.tar.gz`;
});

afterEach(async () => {
  for (const fetcher of open.splice(0)) await fetcher.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await rm(directory, { recursive: true, force: true });
  asked.length = 0;
});

function fetcher(options: Partial<ExternalFetcherOptions> = {}): ExternalFetcher {
  const made = externalFetcher({ directory, ...options });
  open.push(made);
  return made;
}

function serve(bytes: Uint8Array): void {
  answer = (_request, response) => response.end(bytes);
}

function digestOf(bytes: Uint8Array, algorithm = "sha256"): string {
  return `${algorithm}:${createHash(algorithm).update(bytes).digest("hex")}`;
}

function refOf(digest: string, at = url): ArtifactRef {
  return { kind: "artifact", value: digest, url: at, revision: "v1", origin: "" };
}

/** The outcome of one look at an artifact: its one file, or what is wrong with it. */
async function outcome(digest: string, options: Partial<ExternalFetcherOptions> = {}): Promise<string> {
  const repository = fetcher(options).open({ url, remote: { kind: "artifact" } }, {});
  const [result] = await repository.sync([refOf(digest)], { timeoutMs: 2_000 }, signal);
  if (!result || "error" in result) return result?.error.message ?? "no answer";
  const tree = await repository.tree(result.commit, signal);
  return String((await tree.read(["a.yaml"], signal)).get("a.yaml"));
}

describe("ExternalRepository", () => {
  test.each(["sha256", "sha384", "sha512"])("an artifact with a digest by %s is fetched once", async (algorithm) => {
    const bytes = tarballOf({ "a.yaml": "a: 1" });
    serve(bytes);
    const digest = digestOf(bytes, algorithm);
    expect(await outcome(digest)).toBe("a: 1");
    expect(await outcome(digest)).toBe("a: 1");
    expect(asked).toEqual(["GET /a.tar.gz"]);
  });

  test("what is not what its digest says is refused, and told with both", async () => {
    const bytes = tarballOf({ "a.yaml": "a: 1" });
    serve(bytes);
    const wanted = `sha256:${"0".repeat(64)}`;
    expect(await outcome(wanted)).toBe(`Cannot fetch ${url}: its digest is ${digestOf(bytes)}, not ${wanted}`);
    expect(await outcome("md5:00")).toBe(`Cannot fetch ${url}: it has no digest by sha256, sha384 or sha512`);
  });

  const hostile: readonly { name: string; bytes: Uint8Array; says: string }[] = [
    {
      name: "leads outside",
      bytes: gzipSync(tarOf([{ name: "../a.yaml", content: "a" }])),
      says: 'the name "../a.yaml" leads outside',
    },
    {
      name: "is a device",
      bytes: gzipSync(tarOf([{ name: "dev", type: "3" }])),
      says: '"dev" is neither a file nor a folder nor a link',
    },
    { name: "is no archive", bytes: Buffer.from("hello"), says: "it is not gzip, or is cut short" },
    {
      name: "unpacks to too much",
      bytes: gzipSync(tarOf([{ name: "a.yaml", content: Buffer.alloc(8 << 20) }])),
      says: "it unpacks to more than 200 times its size",
    },
  ];
  test.each(hostile)("an archive that $name is refused", async ({ bytes, says }) => {
    serve(bytes);
    expect(await outcome(digestOf(bytes))).toBe(`Cannot fetch ${url}: ${says}`);
  });

  test("symbolic links are left out", async () => {
    const link = { name: "link", type: "2", link: "/etc/passwd" };
    const bytes = gzipSync(tarOf([{ name: "a.yaml", content: "a: 1" }, link]));
    serve(bytes);
    expect(await outcome(digestOf(bytes))).toBe("a: 1");
    const repository = fetcher().open({ url, remote: { kind: "artifact" } }, {});
    expect((await repository.tree(digestOf(bytes), signal)).entry("link")).toBeUndefined();
  });

  test("more than allowed is not read to its end", async () => {
    let sent = 0;
    answer = (_request, response) => {
      const piece = Buffer.alloc(65_536);
      const more = () => {
        while (!response.destroyed && response.write(piece)) sent += piece.length;
      };
      response.on("drain", more);
      more();
    };
    const digest = `sha256:${"0".repeat(64)}`;
    expect(await outcome(digest, { limits: { maxBytes: 1 << 20 } })).toBe(
      `Cannot fetch ${url}: it is larger than 1 MiB`,
    );
    expect(sent).toBeLessThan(16 << 20);
  });

  test("redirects are not followed, and what the server answers is told", async () => {
    const digest = `sha256:${"0".repeat(64)}`;
    answer = (_request, response) => void response.writeHead(302, { location: "http://127.0.0.1:1/" }).end();
    expect(await outcome(digest)).toBe(`Cannot fetch ${url}: it redirects`);
    answer = (_request, response) => void response.writeHead(503).end();
    expect(await outcome(digest)).toBe(`Cannot fetch ${url}: the server answers 503`);
    answer = () => {};
    expect(await outcome(digest)).toBe(`Cannot fetch ${url}: not finished within 2 s`);
  });

  test("what was made here is not fetched", async () => {
    const bytes = tarballOf({ "a.yaml": "a: 1" });
    const own = (digest: string) =>
      Promise.resolve(digest === digestOf(bytes) ? { open: () => Readable.from([bytes]) } : null);
    expect(await outcome(digestOf(bytes), { own })).toBe("a: 1");
    expect(asked).toEqual([]);
  });

  test.each([
    ["file:///etc/passwd", "Cannot fetch the artifact: its url is neither http nor https"],
    ["http://ada:secret@host/a", "Cannot fetch the artifact: its url holds a user or a password"],
    ["", "Cannot fetch the artifact: there is none yet"],
  ])("the address %s is refused", (address, says) => {
    expect(() => fetcher().open({ url: address, remote: { kind: "artifact" } }, {})).toThrow(says);
  });
});
