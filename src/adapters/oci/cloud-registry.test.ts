import { beforeEach, describe, expect, test } from "vitest";
import { SourceError } from "#core/source/source-error.ts";
import type { CloudRegistries, RegistryCaller, ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { startHttpProxy } from "#test/support/http-proxy.ts";
import { basicHeader } from "#test/support/oci-registry.ts";
import { ociFetcher } from "./oci-fetcher.ts";
import { pulled, refused, secretOf, synced, text, useOciWorld } from "./testing/oci-world.ts";

const user = { username: "AWS", password: "s3cr3t-pass" };
const world = useOciWorld({ basic: user });
let asked: RegistryCaller[];
let password: () => string;

const clouds: CloudRegistries = {
  mustServe: () => {},
  registryPassword: async (caller) => {
    asked.push(caller);
    return { username: user.username, password: password(), expiresAt: Date.now() + 3_600_000 };
  },
};
const identity: ServiceAccountIdentity = {
  namespace: "apps",
  name: "web",
  annotations: () => Promise.reject(new Error("is the cloud's business")),
  token: () => Promise.reject(new Error("is the cloud's business")),
};

beforeEach(() => {
  asked = [];
  password = () => user.password;
});

describe("the password of a cloud", () => {
  test("is shown to the registry once that asks, for the service account or the controller", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    expect(await text(await pulled(open({ cloud: "aws", clouds, secrets: { identity } })), "a")).toBe("a");
    expect(asked).toEqual([{ cloud: "aws", registry: registry.host, identity }]);
    expect(registry.requests.map(({ authorization }) => authorization).slice(0, 2)).toEqual([
      undefined,
      basicHeader(user),
    ]);
    await synced(open({ cloud: "aws", clouds }));
    expect(asked[1]?.identity).toBeNull();
  });

  test("is asked for again when the registry does not take it any more", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const repository = open({ cloud: "aws", clouds });
    password = () => "of yesterday";
    const { failure, message } = await refused(synced(repository));
    expect(failure).toBe("auth");
    expect(message).not.toContain("of yesterday");
    password = () => user.password;
    await synced(repository);
    expect(asked).toHaveLength(2);
  });

  test("is asked for through the proxy of the source", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const login = { username: "ada", password: "pr0xy" };
    const proxy = await startHttpProxy(login);
    try {
      await synced(open({ cloud: "aws", clouds, secrets: { proxy: secretOf({ address: proxy.address, ...login }) } }));
      expect(asked[0]?.proxy).toBe(proxy.address.replace("//", "//ada:pr0xy@") + "/");
    } finally {
      await proxy.stop();
    }
  });

  test("is not asked for where a Secret says who asks", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    await synced(open({ cloud: "aws", clouds, secrets: { credential: secretOf(user) } }));
    const auths = { [registry.host]: user };
    const pullSecrets = [secretOf({ ".dockerconfigjson": JSON.stringify({ auths }) })];
    await synced(open({ cloud: "aws", clouds, secrets: { identity, pullSecrets } }));
    expect(asked).toEqual([]);
  });

  test("that nobody gives is the cloud's own error, and is asked for once", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "a" } });
    const refusal = new SourceError("auth", "Cannot get AWS credentials: nobody knows you");
    const registryPassword = (caller: RegistryCaller) => {
      asked.push(caller);
      return Promise.reject(refusal);
    };
    await expect(synced(open({ cloud: "aws", clouds: { ...clouds, registryPassword } }))).rejects.toBe(refusal);
    expect(asked).toHaveLength(1);
  });
});

test("a registry that is none of the cloud's is refused before anything is sent", () => {
  const refusal = new SourceError("auth", "none of the cloud's");
  const mustServe = () => {
    throw refusal;
  };
  expect(() => world().open({ cloud: "aws", clouds: { ...clouds, mustServe } })).toThrow(refusal);
  expect(world().registry.requests).toEqual([]);
});

test("what one service account pulls with is not shared with another", () => {
  const { directory } = world();
  const fetcher = ociFetcher({ directory, clouds });
  const open = (namespace: string, cloud: "aws" | "gcp" = "aws") => {
    const layer = { mediaType: "", operation: "extract" } as const;
    const remote = { kind: "oci", insecure: false, layer, cloud } as const;
    return fetcher.open({ url: "oci://registry.example/app", remote }, { identity: { ...identity, namespace } });
  };
  expect(open("one")).toBe(open("one"));
  expect(new Set([open("one"), open("two"), open("one", "gcp")]).size).toBe(3);
});
