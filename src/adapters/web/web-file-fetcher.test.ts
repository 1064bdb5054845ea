import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, test } from "vitest";
import { remoteFileName } from "#core/source/remote-base.ts";
import type { Repository } from "#engine/ports.ts";
import { webFileFetcher, type WebFileFetcher } from "./web-file-fetcher.ts";

const { signal } = new AbortController();
const remote = { kind: "file" } as const;
let fetcher: WebFileFetcher;
let server: Server;
let answer: RequestListener;
const asked: { readonly etag: string | undefined }[] = [];

beforeEach(async () => {
  asked.length = 0;
  fetcher = webFileFetcher();
  server = createServer((request, response) => {
    asked.push({ etag: request.headers["if-none-match"] });
    answer(request, response);
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
});
afterEach(async () => {
  await fetcher.close();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

const address = () => `http://127.0.0.1:${(server.address() as AddressInfo).port}/all.yaml?token=s3cret`;
const opened = () => fetcher.open({ url: address(), remote }, {});

async function synced(repository: Repository, timeoutMs = 30_000): Promise<string> {
  const [result] = await repository.sync([{ kind: "file", value: "" }], { timeoutMs }, signal);
  if (!result || "error" in result) throw new Error("no answer");
  return result.commit;
}

test("a file is its content, and is sent again only when it changed", async () => {
  let text = "one";
  answer = (request, response) => {
    const etag = `"${text}"`;
    if (request.headers["if-none-match"] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag }).end(text);
  };
  const repository = opened();
  const first = await synced(repository);
  expect(await synced(repository)).toBe(first);
  const tree = await repository.tree(first, signal);
  const read = await tree.read([remoteFileName], signal);
  expect(new TextDecoder().decode(read.get(remoteFileName))).toBe("one");
  expect(asked.map(({ etag }) => etag)).toEqual([undefined, '"one"']);
  text = "two";
  const second = await synced(repository);
  expect(second).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect([await repository.holds(first, signal), await repository.holds(second, signal)]).toEqual([false, true]);
  await expect(repository.tree(first, signal)).rejects.toThrow("what it was is not kept");
  await expect(repository.fetchCommit(first, signal)).rejects.toThrow("what it was is not kept");
});

test.each<[string, RequestListener, string, number?]>([
  ["is not there", (_, response) => response.writeHead(404).end(), "there is no such file"],
  ["is refused", (_, response) => response.writeHead(403).end(), "the server answers 403"],
  ["is a page", (_, response) => response.writeHead(200, { "content-type": "text/html" }).end("x"), "a web page"],
  ["is too large", (_, response) => response.writeHead(200).end(Buffer.alloc(21 << 20)), "larger than 20971520 bytes"],
  ["is cut off", (request) => request.socket.destroy(), "it closed the connection"],
  ["leads nowhere", (_, response) => response.writeHead(302, { location: "file:///etc/passwd" }).end(), "to file:"],
  ["does not come", () => {}, "no answer in 0.2 s", 200],
])("a file that %s is told by its address without the query", async (_name, listener, state, limitMs?) => {
  answer = listener;
  const error = (await synced(opened(), limitMs).catch((thrown: unknown) => thrown)) as Error;
  expect(error.message).toContain(state);
  expect(error.message).toMatch(/^Cannot read http:\/\/127\.0\.0\.1:\d+\/all\.yaml: /);
  expect(error.message).not.toContain("s3cret");
});
