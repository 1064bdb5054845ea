import { afterEach, expect, test } from "vitest";
import { startObservabilityServer } from "./observability-server.ts";
import type { ObservabilityServer, ObservabilityServerOptions } from "./observability-server.ts";

let stop = new AbortController();
const running: ObservabilityServer[] = [];

afterEach(async () => {
  stop.abort();
  for (const server of running.splice(0)) await server.stopped;
  stop = new AbortController();
});

async function start(changes: Partial<ObservabilityServerOptions> = {}): Promise<string> {
  const server = await startObservabilityServer({
    port: 0,
    metrics: () => Promise.resolve("holdfast_apps 3\n"),
    ready: () => ({ ok: true, reasons: [] }),
    signal: stop.signal,
    ...changes,
  });
  running.push(server);
  return server.url;
}

test("it listens on loopback unless told otherwise", async () => {
  expect(await start()).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
});

test("/metrics serves Prometheus text, and a failing scrape is an answer too", async () => {
  const answer = await fetch(`${await start()}/metrics`);
  expect(answer.status).toBe(200);
  expect(answer.headers.get("content-type")).toMatch(/^text\/plain; version=0\.0\.4/);
  expect(await answer.text()).toBe("holdfast_apps 3\n");
  const failing = await start({ metrics: () => Promise.reject(new Error("registry is broken")) });
  const failed = await fetch(`${failing}/metrics`);
  expect([failed.status, await failed.text()]).toEqual([500, "metrics could not be read: registry is broken\n"]);
});

test("/healthz answers while the process lives; /readyz names what is missing", async () => {
  const url = await start({ ready: () => ({ ok: false, reasons: ["inventories are not read yet", "no lease"] }) });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  const ready = await fetch(`${url}/readyz?verbose`);
  expect(ready.status).toBe(503);
  expect(await ready.text()).toBe("not ready\ninventories are not read yet\nno lease\n");
  expect((await fetch(`${await start()}/readyz`)).status).toBe(200);
});

test("nothing else is served", async () => {
  const url = await start();
  expect((await fetch(`${url}/metrics/../etc/passwd`)).status).toBe(404);
  const posted = await fetch(`${url}/metrics`, { method: "POST", body: "x" });
  expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  const head = await fetch(`${url}/metrics`, { method: "HEAD" });
  expect([head.status, await head.text()]).toEqual([200, ""]);
});

test("it stops with its signal, also while somebody keeps a connection", async () => {
  const url = await start();
  await (await fetch(`${url}/healthz`)).text();
  stop.abort();
  await running[0]?.stopped;
  await expect(fetch(`${url}/healthz`)).rejects.toThrow();
});

test("a taken port is told with its address", async () => {
  const port = Number(new URL(await start()).port);
  await expect(start({ port })).rejects.toThrow(`Cannot serve metrics and health at 127.0.0.1:${port}: `);
});
