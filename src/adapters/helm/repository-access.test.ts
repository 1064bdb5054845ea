import { describe, expect, test, vi } from "vitest";
import { testCertificate } from "#test/support/test-certificate.ts";
import { chart, refusal, synced, useHelmWorld } from "./testing/helm-world.ts";

vi.setConfig({ testTimeout: 30_000 });

const world = useHelmWorld();
const index = { kind: "index", value: "index.yaml" } as const;
const { cert, key } = testCertificate;

describe("a chart repository", () => {
  test("gets credentials from the Secret, of which no message tells", async () => {
    world().server.login = { username: "ada", password: "canary" };
    world().server.publish("web", "1.0.0");
    expect((await refusal(synced(world().open(), index))).message).toContain("no credentials were sent");
    const wrong = await refusal(synced(world().open({ secret: { username: "ada", password: "canary-wrong" } }), index));
    expect(wrong.failure).toBe("auth");
    expect(wrong.message).not.toContain("canary");
    await synced(world().open({ secret: { username: "ada", password: "canary" } }), chart("web"));
    expect(() => world().open({ secret: { token: "canary" } })).toThrow(
      "Secret shop/login for a chart repository: it needs",
    );
  });

  test("keeps credentials to itself unless they are passed on", async () => {
    const other = await world().another();
    const place = `${other.url}/charts/web-1.0.0.tgz`;
    other.publish("web", "1.0.0");
    world().server.publish("web", "1.0.0", { place });
    const secret = { username: "ada", password: "canary" };
    await synced(world().open({ secret }), chart("web"));
    expect(other.requests.splice(0)).toMatchObject([{ authorization: undefined }]);
    await synced(world().open({ secret, remote: { passCredentials: true } }), chart("web"));
    expect(other.requests).toMatchObject([{ authorization: expect.stringMatching(/^Basic /) as unknown }]);
    other.login = { username: "bob", password: "canary" };
    world().server.publish("web", "1.1.0", { place });
    const refused = await refusal(synced(world().open({ secret }), chart("web")));
    expect(refused.message).toContain("no credentials were sent, as `passCredentials` is not set");
  });

  test("is trusted by the authority of the Secret, and shown a certificate that no other host sees", async () => {
    const tls = { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false };
    const [server, other] = [await world().another(tls), await world().another(tls)];
    server.publish("web", "1.0.0");
    other.publish("web", "1.0.0");
    const { url } = server;
    const untrusted = await refusal(synced(world().open({ url }), index));
    expect(untrusted.message).toContain("the server's certificate is not trusted");
    const certificate = { "ca.crt": cert, "tls.crt": cert, "tls.key": key };
    const secret = { username: "ada", password: "canary" };
    server.redirect = new URL(other.url).origin;
    await synced(world().open({ url, certificate, secret }), chart("web"));
    expect(server.requests.map(({ isCertified, authorization }) => [isCertified, authorization !== undefined])).toEqual(
      [
        [true, true],
        [true, true],
      ],
    );
    expect(other.requests).toMatchObject([{ isCertified: false, authorization: undefined }]);
    await synced(world().open({ url, secret: { caFile: cert } }), index);
  });

  test("passes credentials on to nobody who would get them in the open", async () => {
    const server = await world().another({ cert, key });
    const place = `${world().server.url}/charts/web-1.0.0.tgz`;
    world().server.publish("web", "1.0.0");
    server.publish("web", "1.0.0", { place });
    const secret = { username: "ada", password: "canary", caFile: cert };
    await synced(world().open({ url: server.url, secret, remote: { passCredentials: true } }), chart("web"));
    expect(world().server.requests).toMatchObject([{ authorization: undefined }]);
  });

  test("may not lead from https to http, nor in circles", async () => {
    const server = await world().another({ cert, key });
    server.publish("web", "1.0.0");
    world().server.publish("web", "1.0.0");
    const open = () => world().open({ url: server.url, certificate: { "ca.crt": cert } });
    server.redirect = new URL(world().server.url).origin;
    expect((await refusal(synced(open(), chart("web")))).message).toContain("it redirects from https: to http:");
    server.redirect = "";
    expect((await refusal(synced(open(), chart("web")))).message).toContain("it redirects more than 5 times");
  });

  const certificates = [
    { data: { "tls.crt": cert }, says: "belong together" },
    { data: { "ca.crt": "canary" }, says: "no certificate in PEM form" },
    { data: { other: "canary" }, says: "it has neither" },
  ];
  for (const { data, says } of certificates) {
    test(`with a Secret of ${Object.keys(data).join()} is refused: ${says}`, () => {
      expect(() => world().open({ certificate: data })).toThrow(says);
      expect(() => world().open({ certificate: data })).not.toThrow("canary");
    });
  }

  const addresses = [
    { url: "ftp://charts.test", says: '"ftp:" is not supported' },
    { url: "http://ada:canary@charts.test", says: "belong into a Secret" },
    { url: "nonsense", says: "is no URL" },
  ];
  for (const { url, says } of addresses) {
    test(`at ${url} is refused`, () => {
      expect(() => world().open({ url })).toThrow(says);
      expect(() => world().open({ url })).not.toThrow("canary");
    });
  }
});
