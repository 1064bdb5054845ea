import { connect } from "node:net";
import { Readable } from "node:stream";
import { afterEach, expect, test } from "vitest";
import { type ArtifactServer, startArtifactServer } from "./artifact-server.ts";

let stop = new AbortController();
let server: ArtifactServer | undefined;
const asked: string[] = [];

afterEach(async () => {
  stop.abort();
  await server?.stopped;
  stop = new AbortController();
  asked.length = 0;
});

async function start(): Promise<string> {
  const find = (path: string) => {
    asked.push(path);
    const file = { size: 4, digest: "sha256:00", open: () => Readable.from([Buffer.from("pack")]) };
    return Promise.resolve(path === "gitrepository/shop/web/1.tar.gz" ? file : null);
  };
  server = await startArtifactServer({ host: "127.0.0.1", port: 0, find, signal: stop.signal });
  return `http://127.0.0.1:${server.port}`;
}

test("a file is served with its length, type and digest, and its head alone when that is asked for", async () => {
  const url = `${await start()}/gitrepository/shop/web/1.tar.gz`;
  const answer = await fetch(url);
  expect([answer.status, await answer.text()]).toEqual([200, "pack"]);
  const headers = { "content-type": "application/gzip", "content-length": "4", etag: '"sha256:00"' };
  for (const [name, value] of Object.entries(headers)) expect(answer.headers.get(name)).toBe(value);
  const head = await fetch(url, { method: "HEAD" });
  expect([head.status, head.headers.get("content-length"), await head.text()]).toEqual([200, "4", ""]);
  expect((await fetch(url, { headers: { "if-none-match": '"sha256:00"' } })).status).toBe(304);
});

test("nothing else is found, nothing is listed and nothing is written", async () => {
  const url = await start();
  for (const path of [
    "",
    "/",
    "/gitrepository",
    "/gitrepository/shop/web/",
    "/%",
    "/x?a=/gitrepository/shop/web/1.tar.gz",
  ]) {
    expect((await fetch(`${url}${path}`)).status).toBe(404);
  }
  const posted = await fetch(`${url}/gitrepository/shop/web/1.tar.gz`, { method: "PUT", body: "x" });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
});

test("a path is looked up as it was sent: none leads elsewhere", async () => {
  const port = Number(new URL(await start()).port);
  const socket = connect(port, "127.0.0.1");
  socket.write("GET /a/../../etc/passwd HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  const answer = Buffer.concat(await socket.toArray()).toString();
  expect(answer).toContain("404");
  expect(asked).toEqual(["a/../../etc/passwd"]);
});
