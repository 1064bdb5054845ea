import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import type { TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { connectCluster } from "./cluster-client.ts";
import type { ClientOptions, ConnectedCluster } from "./cluster-client.ts";
import type { ClusterSettings } from "./connection.ts";
import type { RequestRecord } from "./requester.ts";

const { signal } = new AbortController();
const manager = "test";
const quick: ClientOptions = { backoffMs: 5 };
const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "a", namespace: "shop" }, data: { x: "1" } };
const at = { apiVersion: "v1", kind: "ConfigMap", namespace: "shop", name: "a" };
const closing: (() => Promise<unknown>)[] = [];

// Self-signed for api.test, made for this test alone, valid until 2126.
const key = `-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgGVqqJW7B4J3+HrNl
iGpKywoc22MHWq1kMg2pUobsKCihRANCAATkHkdlTj0w98Voa7Bu/98tvlSBOu+N
DJys7vfKFViF9zRpswCjuZJHQt5ZJptRNDrUq5vHPLAwmK3X2UJ+RFgQ
-----END PRIVATE KEY-----`;
const certificate = `-----BEGIN CERTIFICATE-----
MIIBmzCCAUKgAwIBAgIUIJ795Ztl660Xgee/F7MFT/Mi8VowCgYIKoZIzj0EAwIw
GDEWMBQGA1UEAwwNaG9sZGZhc3QtdGVzdDAgFw0yNjExMjExMjA1MjRaGA8yMTI2
MTAyODEyMDUyNFowGDEWMBQGA1UEAwwNaG9sZGZhc3QtdGVzdDBZMBMGByqGSM49
AgEGCCqGSM49AwEHA0IABOQeR2VOPTD3xWhrsG7/3y2+VIE6740MnKzu98oVWIX3
NGmzAKO5kkdC3lkmm1E0OtSrm8c8sDCYrdfZQn5EWBCjaDBmMB0GA1UdDgQWBBRl
UH7pUVi6bmCP4gQ1tX/J91dp/zAfBgNVHSMEGDAWgBRlUH7pUVi6bmCP4gQ1tX/J
91dp/zAPBgNVHRMBAf8EBTADAQH/MBMGA1UdEQQMMAqCCGFwaS50ZXN0MAoGCCqG
SM49BAMCA0cAMEQCIA5nppeZY4lWWrVo/C8d13V82uaR1bfSzZ2dAiSIHeLfAiBM
wWg61v7wHoRvyqXyu1sNB1IVADhutO76J0+/KiJDHw==
-----END CERTIFICATE-----`;

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage["headers"];
  readonly rawHeaders: readonly string[];
  readonly body: string;
  readonly peer: string | undefined;
}

/** An API server of one kind; `answer` may take a request over from it. */
async function serve(answer: (seen: Seen, response: ServerResponse) => boolean = () => false, tls = false) {
  const requests: Seen[] = [];
  const take = async (request: IncomingMessage, response: ServerResponse) => {
    const peer = (request.socket as TLSSocket).getPeerCertificate?.().subject?.CN;
    const { method = "", url = "", headers, rawHeaders } = request;
    const seen = { method, url, headers, rawHeaders, body: await text(request), peer: peer?.toString() };
    const isDiscovery = /\/apis?$/.test(url);
    if (!isDiscovery) requests.push(seen);
    response.setHeader("content-type", "application/json");
    if (answer(seen, response)) return;
    response.end(isDiscovery ? JSON.stringify(discovery) : JSON.stringify(object));
  };
  const listener: RequestListener = (request, response) => {
    take(request, response).catch(() => response.destroy());
  };
  const server: Server = tls
    ? createTlsServer(
        { key, cert: certificate, ca: certificate, requestCert: true, rejectUnauthorized: false },
        listener,
      )
    : createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return { requests, url: `${tls ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const discovery = {
  kind: "APIGroupDiscoveryList",
  items: [
    {
      metadata: {},
      versions: [
        {
          version: "v1",
          resources: [
            {
              resource: "configmaps",
              responseKind: { group: "", version: "v1", kind: "ConfigMap" },
              scope: "Namespaced",
              verbs: ["get"],
            },
          ],
        },
      ],
    },
  ],
};

function connect(
  settings: Partial<ClusterSettings> & { server: string },
  options: ClientOptions = {},
): ConnectedCluster {
  const client = connectCluster({ credential: { kind: "none" }, ...settings }, { ...quick, ...options });
  closing.push(() => client.close());
  return client;
}

test("requests say who asks, under the server's own path", async () => {
  const { url, requests } = await serve();
  const client = connect({ server: `${url}/clusters/one/`, credential: { kind: "token", token: "t" } });
  await client.get(at, { signal, as: { user: "ann ✓", groups: ["a", "b"] } });
  const [seen] = requests;
  expect(seen?.url).toBe("/clusters/one/api/v1/namespaces/shop/configmaps/a");
  expect(seen?.headers).toMatchObject({
    authorization: "Bearer t",
    "user-agent": expect.stringMatching(/^holdfast\/\d/),
  });
  expect(Buffer.from(String(seen?.headers["impersonate-user"]), "latin1").toString()).toBe("ann ✓");
  const groups = (seen?.rawHeaders ?? []).filter((_value, index, all) => all[index - 1] === "impersonate-group");
  expect(groups).toEqual(["a", "b"]);
});

test("bodies leave as given", async () => {
  const { url, requests } = await serve();
  const body = { ...object, status: { kept: true }, "x-unknown": [null, 1.5], default: { enum: [] } };
  await connect({ server: url }).apply(body, { manager, dryRun: true, signal });
  expect(JSON.parse(requests[0]?.body ?? "")).toEqual(body);
  expect(requests[0]?.url).toBe("/api/v1/namespaces/shop/configmaps/a?fieldManager=test&force=true&dryRun=All");
  expect(requests[0]?.headers["content-type"]).toBe("application/apply-patch+yaml");
});

test("a refused token is read again once", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-client-"));
  closing.push(() => rm(directory, { recursive: true }));
  const path = join(directory, "token");
  await writeFile(path, "old");
  const { url, requests } = await serve((seen, response) => {
    const refused = seen.headers.authorization === "Bearer old" && seen.url.includes("configmaps");
    if (refused) response.writeHead(401).end("{}");
    return refused;
  });
  const client = connect({ server: url, credential: { kind: "token-file", path } });
  await client.kind({ group: "", kind: "ConfigMap" }, { signal });
  await expect(client.get(at, { signal })).rejects.toMatchObject({ code: 401, reason: "Unauthorized" });
  expect(requests.length).toBe(2);
  await writeFile(path, "new");
  expect(await client.get(at, { signal })).toEqual(object);
  expect(requests.map(({ headers }) => headers.authorization)).toEqual([
    "Bearer old",
    "Bearer old",
    "Bearer old",
    "Bearer new",
  ]);
});

test("what never left may be sent again, even a create, and the write guard is not asked for it", async () => {
  const records: RequestRecord[] = [];
  let guarded = 0;
  const { url } = await serve();
  const client = connect({ server: url }, { attempts: 3, onRequest: (record) => records.push(record) });
  client.guardWrites(() => (guarded += 1));
  await client.create(object, { manager, signal });
  expect(guarded).toBe(1);
  await closing.splice(0, 1)[0]?.();
  await expect(client.get(at, { signal })).rejects.toMatchObject({ code: 0 }); // Uses up what connections were idle.
  await expect(client.create(object, { manager, signal })).rejects.toMatchObject({ code: 0, reason: "NoAnswer" });
  expect(records.filter(({ verb, code }) => verb === "create" && code === 0).length).toBe(3);
  expect(guarded).toBe(1);
});

test("a write guard that throws as the request leaves ends the call with its error", async () => {
  const { url, requests } = await serve();
  const client = connect({ server: url });
  const lost = new Error("the lease is lost");
  client.guardWrites(() => {
    throw lost;
  });
  await expect(client.apply(object, { manager, signal })).rejects.toBe(lost);
  await expect(client.delete(at, { uid: "u", signal })).rejects.toBe(lost);
  await client.get(at, { signal });
  expect(requests.map(({ method }) => method)).toEqual(["GET"]);
});

test("a 404 that is no Status is not taken for a missing object", async () => {
  const { url } = await serve((seen, response) => {
    const taken = seen.url.includes("configmaps");
    if (taken) response.writeHead(404).end("404 page not found\n");
    return taken;
  });
  const client = connect({ server: url });
  await expect(client.get(at, { signal })).rejects.toMatchObject({ code: 404, reason: "NotServed" });
  await expect(client.delete(at, { uid: "u", signal })).rejects.toMatchObject({ code: 404 });
});

test("an accepted answer that is not JSON is an error that quotes nothing of it", async () => {
  const { url } = await serve((seen, response) => {
    const taken = seen.url.includes("configmaps");
    if (taken) response.end('{"data":{"password":"hunter2"');
    return taken;
  });
  const error = await connect({ server: url })
    .get(at, { signal })
    .catch((caught: unknown) => caught as Error);
  expect(error).toMatchObject({ code: 0, reason: "MalformedAnswer" });
  expect(`${(error as Error).message} ${String((error as Error).cause)}`).not.toContain("hunter2");
});

test("each request is told once it ends, with its time", async () => {
  const records: RequestRecord[] = [];
  const { url } = await serve();
  await connect({ server: url }, { onRequest: (record) => records.push(record) }).get(at, { signal });
  expect(records.map(({ verb, kind, code }) => `${verb} ${kind} ${code}`)).toEqual([
    "discover  200",
    "discover  200",
    "get ConfigMap 200",
  ]);
  expect(records.every(({ ms }) => ms > 0)).toBe(true);
});

test("running calls end when the client closes", async () => {
  const { url } = await serve((seen) => seen.url.includes("configmaps"));
  const client = connectCluster({ server: url, credential: { kind: "none" } }, { ...quick, attempts: 1 });
  const running = client.get(at, { signal });
  setTimeout(() => void client.close(), 50);
  await expect(running).rejects.toMatchObject({ code: 0 });
});

test("TLS: the authority and name are checked, and the client certificate is shown", async () => {
  const { url, requests } = await serve(undefined, true);
  const trusted = { server: url, ca: certificate, serverName: "api.test" };
  await connect({ ...trusted, clientCertificate: { certificate, key } }).get(at, { signal });
  await connect(trusted).get(at, { signal });
  await connect({ server: url, insecure: true }).get(at, { signal });
  expect(requests.map(({ peer }) => peer)).toEqual(["holdfast-test", undefined, undefined]);
  for (const wrong of [{ server: url }, { server: url, ca: certificate }, { ...trusted, serverName: "other.test" }]) {
    await expect(connect(wrong, { attempts: 1 }).get(at, { signal })).rejects.toMatchObject({ code: 0 });
  }
});
