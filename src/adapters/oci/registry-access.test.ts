import { afterEach, describe, expect, test } from "vitest";
import { basicHeader, startOciRegistry, startTokenServer } from "#test/support/oci-registry.ts";
import type { OciRegistry, OciRegistryOptions, TokenServer } from "#test/support/oci-registry.ts";
import { testCertificate } from "#test/support/test-certificate.ts";
import { pulled, refused, secretOf, signal, synced, text, useOciWorld } from "./testing/oci-world.ts";

const user = { username: "ada", password: "s3cr3t-pass" };
const header = basicHeader(user);
const credential = secretOf(user);
const world = useOciWorld({ basic: user });
const servers: { stop(): Promise<void> }[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.stop()));
});

async function another(options: OciRegistryOptions): Promise<OciRegistry> {
  const started = await startOciRegistry(options);
  servers.push(started);
  return started;
}

async function tokens(token: string, admits: Parameters<typeof startTokenServer>[1] = {}): Promise<TokenServer> {
  const started = await startTokenServer(token, admits);
  servers.push(started);
  return started;
}

function dockerConfig(auths: Record<string, unknown>) {
  return secretOf({ ".dockerconfigjson": JSON.stringify({ auths }) });
}

function authorizations(registry: OciRegistry): readonly (string | undefined)[] {
  return registry.requests.map(({ authorization }) => authorization);
}

function expectNoSecret(shown: string): void {
  for (const secret of [user.password, header.slice("Basic ".length)]) expect(shown).not.toContain(secret);
}

describe("user and password", () => {
  test("are shown once the registry asks, and from then on", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    expect(await text(await pulled(open({ secrets: { credential } })), "a")).toBe("a");
    expect(authorizations(registry)).toEqual([undefined, header, header, header]);
  });

  test("come from a docker configuration as well", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const auth = header.slice("Basic ".length);
    const config = dockerConfig({ "ghcr.io": { auth: "eDp5" }, [registry.host]: { auth } });
    await synced(open({ secrets: { credential: config } }));
    expect(authorizations(registry)).toContain(header);
  });

  test("that are wrong are told of without being told, after two requests", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const wrong = secretOf({ username: "ada", password: "wr0ng-pass" });
    const { failure, message } = await refused(synced(open({ secrets: { credential: wrong } })));
    expect(failure).toBe("auth");
    expect(message).toContain(`Cannot look up ${registry.host}/${name}:latest: authentication failed: the credentials`);
    expect(message).not.toContain("wr0ng-pass");
    expect(registry.requests).toHaveLength(2);
  });

  test("that are missing are named as what is missing", async () => {
    const { open } = world();
    expect((await refused(synced(open()))).message).toContain("no Secret with credentials is named");
    const elsewhere = dockerConfig({ "ghcr.io": user, "quay.io": user });
    const { failure, message } = await refused(synced(open({ secrets: { credential: elsewhere } })));
    expect(failure).toBe("auth");
    expect(message).toContain("Secret apps/key holds credentials only for ghcr.io, quay.io");
  });

  test("that do not reach all that is asked are told of as such, so that they are read anew", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    registry.behaviour.fault = ({ path }) => (path.endsWith("/tags/list") ? { status: 403 } : undefined);
    const refs = [
      { kind: "tag", value: "latest" },
      { kind: "semver", value: "*" },
    ] as const;
    const syncing = open({ secrets: { credential } }).sync(refs, { timeoutMs: 20_000 }, signal);
    expect((await refused(syncing)).failure).toBe("auth");
  });

  test("do not show up when the registry repeats them", async () => {
    const { registry, open } = world();
    registry.behaviour.fault = ({ authorization }) => {
      if (authorization === undefined) return undefined;
      const message = `denied: ${authorization} is ${user.password}`;
      return { status: 403, body: JSON.stringify({ errors: [{ code: "DENIED", message }] }) };
    };
    const { message } = await refused(synced(open({ secrets: { credential } }), { kind: "semver", value: "*" }));
    expect(message).toContain("denied: Basic *** is ***");
    expectNoSecret(message);
  });
});

describe("tokens", () => {
  test("are got from the server that the registry names, for pulling alone, and used until they expire", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const server = await tokens("t0ken", { authorization: header });
    registry.behaviour.bearer = { token: "t0ken", realm: server.realm };
    const repository = open({ secrets: { credential } });
    await synced(repository);
    await synced(repository);
    expect(server.requests).toHaveLength(1);
    expect(Object.fromEntries(server.requests[0]!.query)).toEqual({
      service: "registry.test",
      scope: `repository:${name}:pull`,
    });
    expect(authorizations(registry).slice(1)).toEqual(Array.from({ length: 4 }, () => "Bearer t0ken"));
  });

  test("are renewed when the registry takes them no longer", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const server = await tokens("first", { authorization: header });
    registry.behaviour.bearer = { token: "first", realm: server.realm };
    const repository = open({ secrets: { credential } });
    await synced(repository);
    registry.behaviour.bearer = { token: "second", realm: server.realm };
    server.answer = { access_token: "second", expires_in: 300 };
    await synced(repository);
    expect(server.requests).toHaveLength(2);
    server.answer = { token: "stale" };
    registry.behaviour.bearer = { token: "third", realm: server.realm };
    expect((await refused(synced(repository))).failure).toBe("auth");
    expect(server.requests).toHaveLength(3);
  });

  test("are got without credentials where none are given", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const server = await tokens("public");
    registry.behaviour.bearer = { token: "public", realm: server.realm };
    await synced(open());
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([undefined]);
  });

  test("are made of an identity token, which goes to the token server alone", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const server = await tokens("t0ken", { refreshToken: "1dentity" });
    registry.behaviour.bearer = { token: "t0ken", realm: server.realm };
    const config = dockerConfig({ [registry.host]: { identitytoken: "1dentity" } });
    await synced(open({ secrets: { credential: config } }));
    expect(server.requests[0]).toMatchObject({ method: "POST", authorization: undefined });
    expect(authorizations(registry).slice(1)).toEqual(Array.from({ length: 3 }, () => "Bearer t0ken"));
  });

  test("that the token server refuses are an authentication failure that names it", async () => {
    const { registry, open } = world();
    const server = await tokens("t0ken", { authorization: "Basic other" });
    registry.behaviour.bearer = { token: "t0ken", realm: server.realm };
    const { failure, message } = await refused(synced(open({ secrets: { credential } })));
    expect(failure).toBe("auth");
    expect(message).toContain(`Cannot log in to ${registry.host} at ${new URL(server.realm).host}`);
    expectNoSecret(message);
  });

  test("that are no tokens are told of", async () => {
    const { registry, open } = world();
    const server = await tokens("x");
    server.answer = { token: "two\r\nlines: 1" };
    registry.behaviour.bearer = { token: "x", realm: server.realm };
    expect((await refused(synced(open()))).message).toContain("holds no token");
  });

  for (const realm of ["http://localhost:1/token", "http://evil.test/token", "ftp://127.0.0.1/token", "nowhere"]) {
    test(`are not asked of ${realm}, which is neither the registry's own host nor spoken to over TLS`, async () => {
      const { registry, open } = world();
      registry.behaviour.bearer = { token: "x", realm };
      const { code, message } = await refused(synced(open({ secrets: { credential } })));
      expect(code).toBe("redirect");
      expect(message).toContain("asks to send credentials to");
      expect(registry.requests).toHaveLength(1);
    });
  }
});

describe("redirects", () => {
  async function redirectedTo(storage: OciRegistry, what: string, scheme = "http"): Promise<void> {
    const { registry } = world();
    registry.behaviour.fault = ({ path, authorization }) => {
      if (!path.includes(what) || authorization === undefined) return undefined;
      return { status: 307, headers: { location: `${scheme}://${storage.host}${path}` } };
    };
  }

  test("of layers to another host are followed without credentials", async () => {
    const { registry, name, open } = world();
    const storage = await another({});
    for (const place of [registry, storage]) await place.push(name, "latest", { files: { a: "a" } });
    await redirectedTo(storage, "/blobs/");
    expect(await text(await pulled(open({ secrets: { credential } })), "a")).toBe("a");
    expect(authorizations(storage)).toEqual([undefined]);
  });

  test("to a host that asks for credentials end there", async () => {
    const { registry, name, open } = world();
    const thief = await another({ basic: user });
    for (const place of [registry, thief]) await place.push(name, "latest", { files: { a: "a" } });
    await redirectedTo(thief, "/manifests/latest");
    expect((await refused(synced(open({ secrets: { credential } })))).failure).toBe("auth");
    expect(authorizations(thief)).toEqual([undefined]);
  });

  test("to a host that names a token server of its own end there", async () => {
    const { registry, name, open } = world();
    const thief = await another({});
    const server = await tokens("t0ken", { authorization: header });
    thief.behaviour.bearer = { token: "t0ken", realm: server.realm };
    for (const place of [registry, thief]) await place.push(name, "latest", { files: { a: "a" } });
    const location = `http://${thief.host}/v2/${name}/manifests/latest`;
    registry.behaviour.fault = () => ({ status: 307, headers: { location } });
    expect((await refused(synced(open({ secrets: { credential } })))).failure).toBe("auth");
    expect(authorizations(thief)).toEqual([undefined]);
    expect(server.requests).toEqual([]);
  });

  test("show no client certificate to another host", async () => {
    const { cert, key } = testCertificate;
    const tls = { cert, key, ca: cert, requestCert: true, rejectUnauthorized: false };
    const [registry, storage] = [await another({ tls }), await another({ tls })];
    for (const place of [registry, storage]) await place.push("app", "latest", { files: { a: "a" } });
    registry.behaviour.fault = ({ path }) =>
      path.includes("/blobs/") ? { status: 302, headers: { location: `https://${storage.host}${path}` } } : undefined;
    const certificate = secretOf({ "ca.crt": cert, "tls.crt": cert, "tls.key": key });
    await synced(world().open({ url: registry.url("app"), insecure: false, secrets: { certificate } }));
    expect(registry.requests.map(({ certified }) => certified)).toEqual([true, true, true]);
    expect(storage.requests.map(({ certified }) => certified)).toEqual([false]);
  });

  test("from TLS to plain http are refused", async () => {
    const registry = await another({ tls: testCertificate });
    await registry.push("app", "latest", { files: { a: "a" } });
    const { registry: storage, open } = world();
    registry.behaviour.fault = ({ path }) =>
      path.includes("/blobs/") ? { status: 302, headers: { location: `http://${storage.host}${path}` } } : undefined;
    const certificate = secretOf({ "ca.crt": testCertificate.cert });
    const { code, message } = await refused(
      synced(open({ url: registry.url("app"), insecure: false, secrets: { certificate } })),
    );
    expect(code).toBe("redirect");
    expect(message).toContain("it redirects from https: to http:");
    expect(storage.requests).toEqual([]);
  });

  test("in a circle end", async () => {
    const { registry, open } = world();
    registry.behaviour.fault = ({ path }) => ({ status: 301, headers: { location: path } });
    expect((await refused(synced(open()))).message).toContain("redirects more than 5 times");
  });
});

describe("a registry that does not answer well", () => {
  const flaky = [
    { name: "answers 503", fault: { status: 503 } },
    { name: "limits requests", fault: { status: 429, headers: { "retry-after": "0" } } },
    { name: "drops connections", fault: { drop: true } },
    { name: "cuts answers short", fault: { cutAfter: 10 } },
  ] as const;
  for (const { name, fault } of flaky) {
    test(`is asked again when it ${name}`, async () => {
      const { registry, name: repository, open } = world();
      await registry.push(repository, "latest", { files: { a: "a" } });
      const failed = new Set<string>();
      registry.behaviour.fault = ({ method, path, authorization }) => {
        if (authorization === undefined || method === "HEAD" || failed.has(path)) return undefined;
        failed.add(path);
        return fault;
      };
      expect(await text(await pulled(open({ secrets: { credential } })), "a")).toBe("a");
      expect(failed.size).toBe(2);
    });
  }

  test("is waited for as long as it says, unless that is too long", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    let times = 0;
    registry.behaviour.fault = () => (times++ === 0 ? { status: 429, headers: { "retry-after": "2" } } : undefined);
    const started = performance.now();
    await synced(open({ secrets: { credential } }));
    expect(performance.now() - started).toBeGreaterThan(1_900);
    registry.behaviour.fault = () => ({ status: 429, headers: { "retry-after": "3600" } });
    registry.requests.length = 0;
    expect((await refused(synced(open()))).message).toContain("limits how often it may be asked (429)");
    expect(registry.requests).toHaveLength(1);
  });

  test("is given up at the deadline, with what it last did", async () => {
    const { registry, name, open } = world();
    registry.behaviour.fault = () => ({ hold: true });
    const silent = await refused(synced(open(), undefined, 300));
    expect(silent.code).toBe("timeout");
    expect(silent.message).toBe(`Cannot look up ${registry.host}/${name}:latest: no answer within 0.3 s`);
    registry.behaviour.fault = () => ({ status: 503, headers: { "retry-after": "30" } });
    const busy = await refused(synced(open(), undefined, 300));
    expect(busy.message).toContain("no answer within 0.3 s; last, it could not look up");
    expect(busy.message).toContain("the registry answers 503");
  });

  test("is left at once when the caller goes, with the caller's reason", async () => {
    const { registry, open } = world();
    const scope = new AbortController();
    registry.behaviour.fault = () => {
      scope.abort(new Error("going down"));
      return { hold: true };
    };
    const syncing = open().sync([{ kind: "tag", value: "latest" }], { timeoutMs: 20_000 }, scope.signal);
    await expect(syncing).rejects.toThrow("going down");
    expect(registry.requests).toHaveLength(1);
  });

  test("that is not there is told of by name", async () => {
    const { open } = world();
    const { code, failure, message } = await refused(synced(open({ url: "oci://127.0.0.1:1/team/app" })));
    expect({ code, failure }).toEqual({ code: "unreachable", failure: "fetch" });
    expect(message).toContain("Cannot look up 127.0.0.1:1/team/app:latest: the registry cannot be reached: it refuses");
  });
});
