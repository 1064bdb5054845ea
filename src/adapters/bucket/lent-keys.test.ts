import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Server } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AwsCredentials, CloudIdentity, ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import { testCertificate } from "#test/support/test-certificate.ts";
import { fetched, refused, secretOf, synced, useBucketWorld } from "./testing/bucket-world.ts";

const world = useBucketWorld();
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

async function serving(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A bucket with one object, and the headers that it was asked with. */
async function bucketServer(): Promise<{ endpoint: string; asked: IncomingMessage["headers"][] }> {
  const asked: IncomingMessage["headers"][] = [];
  const contents = "<Contents><Key>a</Key><ETag>tag</ETag><Size>1</Size></Contents>";
  const server = createServer((request, response) => {
    asked.push(request.headers);
    if (request.url?.includes("list-type=2")) response.end(`<ListBucketResult>${contents}</ListBucketResult>`);
    else response.writeHead(200, { etag: '"tag"' }).end("x");
  });
  return { endpoint: await serving(server), asked };
}

describe("a bucket at Amazon without Secret", () => {
  const lent: AwsCredentials = {
    accessKeyId: "ASIALENT",
    secretAccessKey: "canary-key",
    sessionToken: "canary-session",
    expiresAt: Date.now() + 1e6,
  };
  const identity: ServiceAccountIdentity = {
    namespace: "shop",
    name: "reader",
    annotations: () => Promise.resolve({}),
    token: () => Promise.reject(new Error("not asked for")),
  };

  test("is read with the keys that Amazon lends, for region, service account and token service", async () => {
    const { endpoint, asked } = await bucketServer();
    const callers: unknown[] = [];
    const cloud: Partial<CloudIdentity> = {
      awsCredentials: (caller) => {
        callers.push(caller);
        return Promise.resolve(lent);
      },
    };
    const sts = { kind: "aws", endpoint: "https://sts.eu-west-3.amazonaws.com" } as const;
    const remote = { cloud: "aws", region: "eu-west-3", sts } as const;
    expect(await fetched(world().open({ endpoint, remote, cloud, secrets: { identity } }))).toEqual({ a: "x" });
    expect(callers[0]).toEqual({ identity, region: "eu-west-3", stsEndpoint: sts.endpoint });
    for (const headers of asked) {
      expect(headers["x-amz-security-token"]).toBe("canary-session");
      const scope = String.raw`ASIALENT/\d{8}/eu-west-3/s3/aws4_request`;
      expect(headers.authorization).toMatch(new RegExp(`Credential=${scope},.*x-amz-date;x-amz-security-token,`));
    }
  });

  test("is read as nobody never: without keys from Amazon it fails", async () => {
    const { endpoint, asked } = await bucketServer();
    const { message } = await refused(synced(world().open({ endpoint, remote: { cloud: "aws" }, secrets: {} })));
    expect(message).toContain("no cloud is near");
    expect(asked).toEqual([]);
  });
});

describe("a bucket with a token service for users of a directory", () => {
  const lent = (minutes: number) => {
    const ends = new Date(Date.now() + minutes * 60_000).toISOString();
    const keys = `<AccessKeyId>LENT</AccessKeyId><SecretAccessKey>canary-lent</SecretAccessKey><SessionToken>canary-session</SessionToken>`;
    const result = `<Credentials>${keys}<Expiration>${ends}</Expiration></Credentials>`;
    return `<AssumeRoleWithLDAPIdentityResponse><AssumeRoleWithLDAPIdentityResult>${result}</AssumeRoleWithLDAPIdentityResult></AssumeRoleWithLDAPIdentityResponse>`;
  };
  let forms: { path: string; form: Record<string, string> }[];
  let answer: (response: ServerResponse) => void;
  let service: string;

  beforeEach(async () => {
    forms = [];
    answer = (response) => response.end(lent(60));
    const server = createTlsServer(testCertificate, (request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => (body += chunk.toString()));
      request.on("end", () => {
        const form = Object.fromEntries(new URLSearchParams(body));
        forms.push({ path: `${request.method} ${request.url}`, form });
        answer(response);
      });
    });
    service = await serving(server);
  });

  const stsCertificate = secretOf({ "ca.crt": testCertificate.cert });
  async function opened(secrets: object = {}) {
    const { endpoint, asked } = await bucketServer();
    const remote = { sts: { kind: "ldap", endpoint: `https://${service}` } } as const;
    const stsCredential = secretOf({ username: "ada", password: "canary-password" });
    const repository = world().open({ endpoint, remote, secrets: { stsCredential, stsCertificate, ...secrets } });
    return { repository, asked };
  }

  test("is read with the keys that a user is lent, which are asked for anew only when they end", async () => {
    const { repository, asked } = await opened();
    expect(await fetched(repository)).toEqual({ a: "x" });
    expect(forms).toEqual([
      {
        path: "POST /",
        form: {
          Action: "AssumeRoleWithLDAPIdentity",
          Version: "2011-06-15",
          LDAPUsername: "ada",
          LDAPPassword: "canary-password",
        },
      },
    ]);
    for (const headers of asked) {
      expect(headers.authorization).toContain("Credential=LENT/");
      expect(headers["x-amz-security-token"]).toBe("canary-session");
    }
    answer = (response) => response.end(lent(0));
    const ending = await opened({ stsCredential: secretOf({ username: "bob", password: "b" }) });
    await fetched(ending.repository);
    expect(forms.length).toBeGreaterThan(2);
  });

  test("fails without a word of what was shown or told", async () => {
    const refusal = async () => {
      const { code, message } = await refused(synced((await opened()).repository));
      expect(message).not.toContain("canary");
      return `${code}: ${message}`;
    };
    answer = (response) => response.writeHead(403).end("<Error><Message>canary-password is wrong</Message></Error>");
    expect(await refusal()).toBe(
      `authentication: Cannot get keys from the token service at ${service}: it does not accept the user and the password`,
    );
    answer = (response) => response.writeHead(503).end();
    expect(await refusal()).toContain("it answers 503");
    for (const body of ["{}", lent(1).replace("LENT", ""), lent(1).replace(/<Exp.*ation>/, ""), "x".repeat(1e6)]) {
      answer = (response) => response.end(body);
      expect(await refusal()).toContain("its answer holds no keys that end");
    }
    const stranger = await opened({ stsCertificate: undefined });
    expect((await refused(synced(stranger.repository))).code).toBe("certificate");
    await expect(opened({ stsCredential: secretOf({ username: "ada" }) })).rejects.toThrow(
      "it needs `username` and `password`",
    );
  });
});
