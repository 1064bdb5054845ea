import { afterEach, expect, test, vi } from "vitest";
import { startOciRegistry } from "#test/support/oci-registry.ts";
import { startHttpProxy } from "#test/support/http-proxy.ts";
import { testCertificate } from "#test/support/test-certificate.ts";
import { pulled, refused, secretOf, synced, text, useOciWorld } from "./testing/oci-world.ts";

const user = { username: "p@ul", password: "pr0xy/s3cr3t@" };
const world = useOciWorld();
const services: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  vi.unstubAllEnvs();
  await Promise.all(services.splice(0).map((service) => service.stop()));
});

async function kept<T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> {
  const service = await starting;
  services.push(service);
  return service;
}

test("a proxy is gone through for plain http and for TLS, whatever the environment says", async () => {
  vi.stubEnv("no_proxy", "*");
  vi.stubEnv("http_proxy", "http://127.0.0.1:1");
  const own = await kept(startHttpProxy(user));
  const proxy = secretOf({ address: own.address, ...user });
  const { registry, name, open } = world();
  await registry.push(name, "latest", { files: { a: "plain" } });
  expect(await text(await pulled(open({ secrets: { proxy } })), "a")).toBe("plain");
  expect(own.targets.length).toBeGreaterThan(0);
  expect(own.targets.every((target) => target.includes(registry.host))).toBe(true);

  own.targets.length = 0;
  const secure = await kept(startOciRegistry({ tls: testCertificate }));
  await secure.push(name, "latest", { files: { a: "secure" } });
  const secrets = { proxy, certificate: secretOf({ "ca.crt": testCertificate.cert }) };
  const repository = open({ url: secure.url(name), insecure: false, secrets });
  expect(await text(await pulled(repository), "a")).toBe("secure");
  expect([...new Set(own.targets)]).toEqual([secure.host]);
});

test("a proxy that refuses, and a Secret that is none of a proxy, are told of without a secret", async () => {
  const own = await kept(startHttpProxy(user));
  const { registry, name, open } = world();
  await registry.push(name, "latest", { files: { a: "a" } });
  const wrong = { address: own.address, username: "p@ul", password: "canary" };
  const error = await refused(synced(open({ secrets: { proxy: secretOf(wrong) } })));
  expect(error.message).toContain("cannot be reached: the proxy does not accept the credentials");
  expect(own.refused()).toBeLessThan(3);
  expect(`${error.message} ${String(error.cause)}`).not.toContain("canary");
  expect(() => open({ secrets: { proxy: secretOf({ address: "canary" }) } })).toThrow(
    "Cannot use Secret apps/key for a proxy: `address` is no URL",
  );
});
