import { createServer, request } from "node:http";
import { connect } from "node:net";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { startOciRegistry } from "#test/support/oci-registry.ts";
import type { OciRegistry, OciRegistryOptions } from "#test/support/oci-registry.ts";
import { expiredCertificate, testCertificate } from "#test/support/test-certificate.ts";
import { refused, secretOf, synced, useOciWorld } from "./testing/oci-world.ts";

const credential = secretOf({ username: "ada", password: "s3cr3t-pass" });
const world = useOciWorld();
const servers: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function another(options: OciRegistryOptions): Promise<OciRegistry> {
  const started = await startOciRegistry(options);
  servers.push(started);
  return started;
}

describe("TLS", () => {
  test("is spoken with a registry whose authority the Secret names", async () => {
    const registry = await another({ tls: testCertificate });
    const digest = await registry.push("app", "latest", { files: { a: "a" } });
    const certificate = secretOf({ "ca.crt": testCertificate.cert });
    const opening = { url: registry.url("app"), insecure: false, secrets: { certificate } };
    expect((await synced(world().open(opening))).commit).toBe(digest);
  });

  test("is spoken with a registry that wants it, also where plain http is allowed", async () => {
    const registry = await another({ tls: testCertificate });
    const digest = await registry.push("app", "latest", { files: { a: "a" } });
    const certificate = secretOf({ "ca.crt": testCertificate.cert });
    expect((await synced(world().open({ url: registry.url("app"), secrets: { certificate } }))).commit).toBe(digest);
  });

  const untrusted = [
    { name: "an unknown authority", tls: testCertificate, ca: undefined, says: "it is self-signed" },
    {
      name: "an authority that has expired",
      tls: expiredCertificate,
      ca: expiredCertificate.cert,
      says: "it has expired",
    },
  ];
  for (const { name, tls, ca, says } of untrusted) {
    test(`is refused for ${name}, with the reason`, async () => {
      const registry = await another({ tls });
      const secrets = ca === undefined ? {} : { certificate: secretOf({ "ca.crt": ca }) };
      const opening = { url: registry.url("app"), insecure: false, secrets };
      const { code, message } = await refused(synced(world().open(opening)));
      expect(code).toBe("certificate");
      expect(message).toContain(
        `Cannot look up ${registry.host}/app:latest: the server's certificate is not trusted: ${says}`,
      );
    });
  }

  test("is not given up for a registry that speaks plain http, and the remedy is named", async () => {
    const { registry, open } = world();
    const { code, message } = await refused(synced(open({ insecure: false, secrets: { credential } })));
    expect(code).toBe("unreachable");
    expect(message).toContain("does not speak TLS; `insecure: true`");
    expect(registry.requests).toEqual([]);
  });
});

describe("a registry without a port of its own that needs no TLS", () => {
  test("is spoken to over TLS before plain http", async () => {
    const { registry, name, open } = world();
    const digest = await registry.push(name, "latest", { files: { a: "a" } });
    const proxy = await tunnel(registry.host);
    vi.stubEnv("https_proxy", proxy.url);
    vi.stubEnv("http_proxy", proxy.url);
    vi.stubEnv("no_proxy", "");
    try {
      const repository = open({ url: `oci://registry.test/${name}` });
      expect((await synced(repository)).commit).toBe(digest);
      expect(proxy.targets.slice(0, 2)).toEqual(["registry.test:443", "http://registry.test"]);
      expect(proxy.targets.filter((target) => target === "registry.test:443")).toHaveLength(1);
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

describe("a proxy of the environment", () => {
  test("is gone through, and sees nothing of what is said", async () => {
    const registry = await another({ tls: testCertificate });
    const digest = await registry.push("app", "latest", { files: { a: "a" } });
    const proxy = await tunnel();
    vi.stubEnv("https_proxy", proxy.url);
    vi.stubEnv("no_proxy", "");
    try {
      const secrets = { certificate: secretOf({ "ca.crt": testCertificate.cert }) };
      const opening = { url: registry.url("app"), insecure: false, secrets };
      expect((await synced(world().open(opening))).commit).toBe(digest);
      expect(new Set(proxy.targets)).toEqual(new Set([registry.host]));
    } finally {
      vi.unstubAllEnvs();
    }
  });
});

/** A proxy that leads to where it is asked, or plain requests to `plainTo` and no others anywhere. */
async function tunnel(plainTo?: string): Promise<{ readonly url: string; readonly targets: readonly string[] }> {
  const targets: string[] = [];
  const server = createServer((incoming, response) => {
    const url = new URL(incoming.url ?? "/");
    targets.push(url.origin);
    const answered = request(`http://${plainTo}${url.pathname}`, {
      method: incoming.method ?? "GET",
      headers: incoming.headers,
    });
    answered.on("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    answered.end();
  });
  server.on("connect", ({ url = "" }, client) => {
    targets.push(url);
    if (plainTo !== undefined) return void client.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    const [host, port] = url.split(":");
    const upstream = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    for (const socket of [client, upstream]) socket.on("error", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  servers.push({ stop: () => new Promise((resolve) => void server.close(() => resolve())) });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, targets };
}
