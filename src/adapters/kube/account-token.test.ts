import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import type { ClusterProof } from "#engine/cloud-identity.ts";
import { type ConnectedCluster, connectCluster } from "./cluster-client.ts";

const { signal } = new AbortController();
const account = { namespace: "apps", name: "web" };
const status = { token: "canary", expirationTimestamp: "2030-01-01T00:00:00Z" };
const servers: Server[] = [];
let client: ConnectedCluster | undefined;

afterEach(async () => {
  await client?.close();
  for (const server of servers.splice(0)) server.close();
});

interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage["headers"];
  readonly body: unknown;
}

async function apiServer(answer: object): Promise<{ address: string; seen: Seen[] }> {
  const seen: Seen[] = [];
  const server = createServer((asked, response) => {
    let body = "";
    asked.on("data", (chunk: Buffer) => (body += chunk.toString("utf8")));
    asked.on("end", () => {
      seen.push({ method: asked.method, url: asked.url, headers: asked.headers, body: JSON.parse(body) });
      response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(answer));
    });
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen };
}

test("a token of a service account is asked for its audiences, or for those of the cluster", async () => {
  const { address, seen } = await apiServer({ status });
  client = connectCluster({ server: address, credential: { kind: "token", token: "t" } });
  const given = await client.accountToken(account, ["sts.amazonaws.com"], { signal });
  expect(given).toEqual({ token: "canary", expiresAt: Date.parse(status.expirationTimestamp) });
  await client.accountToken(account, [], { signal });
  expect(seen[0]).toMatchObject({ method: "POST", url: "/api/v1/namespaces/apps/serviceaccounts/web/token" });
  expect(seen.map(({ body }) => body)).toEqual([
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: { audiences: ["sts.amazonaws.com"] } },
    { apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} },
  ]);
});

test("an answer without a token is an error that tells nothing of it", async () => {
  const { address } = await apiServer({ status: { token: "canary" } });
  client = connectCluster({ server: address, credential: { kind: "none" } });
  const failed = client.accountToken(account, [], { signal });
  await expect(failed).rejects.toThrow("Cannot create TokenRequest/apps/web: the answer holds no token");
});

test("requests go where the proof that is asked for says, also when that changes", async () => {
  const [first, second] = [await apiServer({ status }), await apiServer({ status })];
  const proofs: ClusterProof[] = [
    { token: "one", expiresAt: Date.now() - 1, server: first.address },
    { token: "two", expiresAt: Date.now() + 60_000, server: `${second.address}/base/` },
  ];
  const ask = async () => proofs.shift() ?? Promise.reject(new Error("asked too often"));
  client = connectCluster({ server: "a cluster", credential: { kind: "asked", ask } });
  for (let count = 0; count < 3; count++) await client.accountToken(account, [], { signal });
  expect(first.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer one"]);
  expect(second.seen.map(({ headers }) => headers.authorization)).toEqual(["Bearer two", "Bearer two"]);
  expect(second.seen[0]?.url).toBe("/base/api/v1/namespaces/apps/serviceaccounts/web/token");
});
