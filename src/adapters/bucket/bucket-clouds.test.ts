import { createHash, createHmac, generateKeyPairSync, verify } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import type { BucketRemote } from "#core/source/remote.ts";
import type { CloudIdentity, ServiceAccountIdentity } from "#engine/cloud-identity.ts";
import {
  azureContainer,
  azureRefusal,
  azureTag,
  gcsBucket,
  gcsRefusal,
  gcsTag,
  type StorageAnswer,
} from "#test/support/cloud-storage.ts";
import { type CloudAnswer, type CloudRequest, type Clouds, startClouds } from "#test/support/clouds.ts";
import type { BucketLimits } from "./bucket-limits.ts";
import { clientCertificate } from "./testdata/client-certificate.ts";
import { fetched, refused, secretOf, synced, useBucketWorld } from "./testing/bucket-world.ts";

const world = useBucketWorld();
let clouds: Clouds;
/** Asked in this order; the first that knows the request answers. */
let answers: StorageAnswer[];
let objects: Map<string, string>;

beforeEach(async () => {
  objects = new Map([
    ["app/a b+c.yaml", "a: 1\n"],
    ["app/ü.yaml", "u: 1\n"],
    ["kustomization.yaml", "resources: []\n"],
  ]);
  answers = [tokens, gcsBucket("manifests", objects), azureContainer("manifests", objects)];
  clouds = await startClouds((asked) => {
    for (const answer of answers) {
      const told = answer(asked);
      if (told !== null) return told;
    }
    return { status: 421, body: "nobody" };
  });
});
afterEach(() => clouds.stop());

/** What the clouds give to whoever proves who asks. */
function tokens({ host, method }: CloudRequest): CloudAnswer | null {
  if (host === "oauth2.googleapis.com") return { body: { access_token: "canary-google", expires_in: 3600 } };
  if (host !== "login.microsoftonline.com") return null;
  if (method === "POST") return { body: { token_type: "Bearer", access_token: "canary-entra", expires_in: 3600 } };
  const base = "https://login.microsoftonline.com/shop-tenant";
  const endpoints = { authorization_endpoint: `${base}/authorize`, token_endpoint: `${base}/oauth2/v2.0/token` };
  return { body: { ...endpoints, issuer: `${base}/v2.0`, jwks_uri: `${base}/keys` } };
}

interface Asking {
  readonly values?: Readonly<Record<string, string>>;
  readonly remote?: Partial<BucketRemote>;
  readonly identity?: ServiceAccountIdentity;
  readonly cloud?: Partial<CloudIdentity>;
  readonly limits?: Partial<BucketLimits>;
  readonly more?: Readonly<Record<string, Resource>>;
}

function open(endpoint: string, cloud: "aws" | "azure" | "gcp", asking: Asking) {
  const { values, remote = {}, identity, limits, more = {} } = asking;
  return world().open({
    endpoint,
    remote: { bucket: "manifests", cloud, insecure: false, ...remote },
    secrets: {
      proxy: secretOf({ address: clouds.proxy }),
      ...(values && { credential: secretOf(values) }),
      ...(identity && { identity }),
      ...more,
    },
    ...(asking.cloud && { cloud: asking.cloud }),
    ...(limits && { limits }),
  });
}

const google = (asking: Asking = {}) => open("storage.googleapis.com", "gcp", asking);
const azure = (asking: Asking = {}) => open("https://shop.blob.core.windows.net", "azure", asking);
const contents = () => Object.fromEntries(objects);
const askedOf = (host: string) => clouds.requests.filter((request) => request.host === host);

/** The revision as upstream computes it: over keys and what stands beside them. */
function revisionOf(tag: (content: string) => string): string {
  const lines = [...objects].map(([key, content]) => `${key} ${tag(content)}\n`);
  return `sha256:${createHash("sha256").update(lines.join("")).digest("hex")}`;
}

const account: ServiceAccountIdentity = {
  namespace: "shop",
  name: "reader",
  annotations: () => Promise.resolve({}),
  token: () => Promise.reject(new Error("not asked for")),
};

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const keyFile = {
  type: "service_account",
  client_email: "reader@shop.iam.gserviceaccount.com",
  private_key: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
  private_key_id: "key-7",
};
const withKeyFile = (changes: object = {}) => ({
  values: { serviceaccount: JSON.stringify({ ...keyFile, ...changes }) },
});

/** The claims of a signed token. */
function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1]!, "base64url").toString()) as Record<string, unknown>;
}

describe("a bucket at Google", () => {
  test("is read with a token for the key of the Secret", async () => {
    const repository = google(withKeyFile());
    expect(await fetched(repository)).toEqual(contents());
    expect(await synced(repository)).toBe(revisionOf(gcsTag));
    const [asked] = askedOf("oauth2.googleapis.com");
    expect([asked?.method, asked?.path]).toEqual(["POST", "/token"]);
    const form = new URLSearchParams(asked?.body);
    expect(form.get("grant_type")).toBe("urn:ietf:params:oauth:grant-type:jwt-bearer");
    const [head, body, signature] = form.get("assertion")!.split(".");
    const signed = Buffer.from(`${head}.${body}`);
    expect(verify("sha256", signed, publicKey, Buffer.from(signature!, "base64url"))).toBe(true);
    expect(claimsOf(form.get("assertion")!)).toMatchObject({
      iss: keyFile.client_email,
      scope: "https://www.googleapis.com/auth/devstorage.read_only",
      aud: "https://oauth2.googleapis.com/token",
    });
    expect(askedOf("oauth2.googleapis.com")).toHaveLength(1);
    for (const { headers } of askedOf("storage.googleapis.com")) {
      expect(headers.authorization).toBe("Bearer canary-google");
    }
    const paths = askedOf("storage.googleapis.com").map(({ path }) => path);
    expect(paths[0]).toMatch(/^\/storage\/v1\/b\/manifests\/o\?fields=items%28name%2C.*&maxResults=1000$/);
    expect(paths.filter((path) => path.includes("app%2Fa%20b%2Bc.yaml?alt=media&ifGenerationMatch="))).toHaveLength(1);
  });

  test("is read as whom the cloud knows, page by page, where no Secret is named", async () => {
    const asked: unknown[] = [];
    const cloud = {
      gcpToken: (...[caller]: Parameters<CloudIdentity["gcpToken"]>) => {
        asked.push(caller);
        return Promise.resolve({ token: "ambient", expiresAt: Date.now() + 1e6 });
      },
    };
    expect(await fetched(google({ cloud, identity: account, limits: { pageSize: 1 } }))).toEqual(contents());
    expect(asked[0]).toEqual({ identity: account, proxy: `${clouds.proxy}/` });
    expect(clouds.requests.every(({ headers }) => headers.authorization === "Bearer ambient")).toBe(true);
    expect(await fetched(google({ cloud, remote: { prefix: "app/" } }))).not.toHaveProperty(["kustomization.yaml"]);
  });

  test("is asked again when an object changes meanwhile, and never used when its content is another", async () => {
    const [, bucket] = answers;
    let isFirst = true;
    answers.unshift((asked) => {
      if (isFirst && asked.path.includes("alt=media")) {
        isFirst = false;
        objects.set("kustomization.yaml", "changed: true\n");
      }
      return null;
    });
    expect(await fetched(google(withKeyFile()))).toEqual(contents());
    answers.unshift((asked) => {
      const told = asked.path.includes("alt=media") ? bucket!(asked) : null;
      return told && typeof told.body === "string" ? { ...told, body: told.body.replace(":", ";") } : told;
    });
    objects.set("another.yaml", "a: 1\n");
    const { code, message } = await refused(synced(google(withKeyFile())));
    expect(code).toBe("changed");
    expect(message).toContain("it does not have the MD5 that it was listed with");
  });

  const refusals: readonly { what: string; told: CloudAnswer; says: string }[] = [
    {
      what: "a token that may not",
      told: gcsRefusal(403, "forbidden", "canary-google lacks"),
      says: "authentication: ",
    },
    { what: "a bucket that is not there", told: gcsRefusal(404, "notFound"), says: "the bucket does not exist" },
    { what: "an answer that is no listing", told: { body: "[1]" }, says: "what answers does not list buckets" },
    { what: "a listing without generations", told: { body: { items: [{ name: "a" }] } }, says: "neither tag nor size" },
    {
      what: "a compressed object",
      told: { body: { items: [{ name: "a", contentEncoding: "gzip" }] } },
      says: '"a" is stored with a content encoding',
    },
    { what: "a listing without end", told: { body: { nextPageToken: "again" } }, says: "goes round in a circle" },
    { what: "another address", told: { status: 302, headers: { location: "https://elsewhere" }, body: "" }, says: "" },
  ];
  for (const { what, told, says } of refusals) {
    test(`is not used for ${what}`, async () => {
      answers.unshift((asked) => (asked.host === "storage.googleapis.com" ? told : null));
      const { code, message } = await refused(synced(google(withKeyFile())));
      expect(`${code}: ${message}`).toContain(says);
      expect(message).toContain('"manifests" at storage.googleapis.com');
      expect(message).not.toContain("canary");
      expect(askedOf("elsewhere")).toEqual([]);
    });
  }

  test("is asked again when it is busy", async () => {
    let refusedOnce = false;
    answers.unshift((asked) => {
      if (refusedOnce || asked.host !== "storage.googleapis.com") return null;
      refusedOnce = true;
      return gcsRefusal(429, "rateLimitExceeded");
    });
    expect(await fetched(google(withKeyFile()))).toEqual(contents());
  });

  test("is refused with a Secret that holds no key of an account, and without a word of it", async () => {
    expect(() => google({ values: { other: "x" } })).toThrow("apps/keys for a bucket: it needs `serviceaccount`");
    expect(() => google({ values: { serviceaccount: "canary" } })).toThrow("it is no JSON object");
    expect(() => google(withKeyFile({ type: "external_account" }))).toThrow("`type` is not `service_account`");
    const broken = () => google(withKeyFile({ private_key: "canary" }));
    expect(broken).toThrow("no private key in PEM form");
    expect(broken).not.toThrow("canary");
    const told = { error: "invalid_grant", error_description: "Invalid JWT Signature." };
    answers.unshift((asked) => (asked.host === "oauth2.googleapis.com" ? { status: 400, body: told } : null));
    const error = await synced(google(withKeyFile())).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: "auth", message: expect.stringContaining("invalid_grant") });
    expect(JSON.stringify(error) + String(error)).not.toContain("PRIVATE KEY");
  });
});

describe("a token of whom the cloud knows", () => {
  const token = () => Promise.resolve({ token: "canary-ambient", expiresAt: Date.now() + 1e6 });
  const cloud = { azureToken: token, gcpToken: token };
  const foreign = [
    ["evil.example", {}],
    ["storage.googleapis.com.evil.example", {}],
    ["xgoogleapis.com", {}],
    ["storage.googleapis.com", { insecure: true }],
    ["shop.blob.core.windows.net.evil.example", {}],
    ["blob.core.windows.net", {}],
    ["shop.blob.core.windows.net", { insecure: true }],
  ] as const;
  for (const [endpoint, remote] of foreign) {
    test(`is not shown to ${JSON.stringify([endpoint, remote])}`, async () => {
      const opening = { cloud, remote };
      if (!endpoint.startsWith("shop")) {
        expect(() => open(endpoint, "gcp", opening)).toThrow("it must be a host of Google's");
      }
      const asAccount = () => open(endpoint, "azure", { ...opening, identity: account });
      expect(asAccount).toThrow("tokens are shown only to hosts of Azure's");
      const managed = () => open(endpoint, "azure", { ...opening, values: { clientId: "of-the-controller" } });
      expect(managed).toThrow("`clientId` alone is a managed identity");
      await synced(open(endpoint, "azure", opening), 500).catch(() => {});
      expect(clouds.requests.filter(({ headers }) => headers.authorization !== undefined)).toEqual([]);
    });
  }
});

const accountKey = Buffer.from("canary-account-key").toString("base64");

/** Lets through what is signed with the key of the account, as Azure describes the signature. */
function signedOnly({ path, headers }: CloudRequest): CloudAnswer | null {
  const { pathname, searchParams } = new URL(path, "https://any");
  const query = [...searchParams].map(([name, value]) => `\n${name}:${value}`).toSorted();
  const match = headers["if-match"] ?? "";
  const ms = `x-ms-date:${String(headers["x-ms-date"])}\nx-ms-version:${String(headers["x-ms-version"])}`;
  const text = `GET\n\n\n\n\n\n\n\n${match}\n\n\n\n${ms}\n/shop${pathname}${query.join("")}`;
  const signature = createHmac("sha256", Buffer.from(accountKey, "base64")).update(text).digest("base64");
  const isSigned = headers.authorization === `SharedKey shop:${signature}`;
  return isSigned ? null : azureRefusal(403, "AuthenticationFailed", `Not ${headers.authorization} but ${accountKey}`);
}

describe("a container at Azure", () => {
  test("is read with the key of its account, page by page", async () => {
    answers.unshift(signedOnly);
    const repository = azure({ values: { accountKey }, limits: { pageSize: 2 } });
    expect(await fetched(repository)).toEqual(contents());
    expect(await synced(repository)).toBe(revisionOf((content) => Buffer.from(azureTag(content)).toString("hex")));
    expect(clouds.requests[0]?.path).toBe("/manifests?comp=list&maxresults=2&restype=container");
    expect(await fetched(azure({ values: { accountKey }, remote: { prefix: "app/" } }))).not.toHaveProperty([
      "kustomization.yaml",
    ]);
    const wrong = { accountKey: Buffer.from("canary-wrong").toString("base64") };
    const { code, message } = await refused(synced(azure({ values: wrong })));
    expect(`${code}: ${message}`).toContain('authentication: Cannot list container "manifests" at shop.blob.core');
    expect(message).not.toContain("RequestId");
    expect(message).not.toContain(wrong.accountKey);
  });

  test("is read with a signature that was made before, whose values win over those of the endpoint", async () => {
    const sas = "?sv=2022-11-02&sp=rl&sig=canary%2Bsig%3D";
    expect(await fetched(azure({ values: { sasKey: sas } }))).toEqual(contents());
    const { searchParams } = new URL(clouds.requests[0]!.path, "https://any");
    expect(Object.fromEntries(searchParams)).toMatchObject({ comp: "list", sv: "2022-11-02", sig: "canary+sig=" });
    const endpoint = "https://shop.blob.core.windows.net/?sv=1&sig=canary-of-the-endpoint&sr=c";
    const open_ = (asking: Asking) => synced(open(endpoint, "azure", asking));
    await open_({});
    expect(clouds.requests.at(-1)?.path).toContain("sig=canary-of-the-endpoint");
    await open_({ values: { sasKey: sas } });
    expect(clouds.requests.at(-1)?.path).toMatch(/sig=canary%2Bsig%3D&sp=rl&sr=c&sv=2022-11-02$/);
    answers.unshift(() => azureRefusal(403, "AuthenticationFailed", "canary+sig= has expired"));
    const { message } = await refused(open_({ values: { sasKey: sas } }));
    expect(message).toContain("*** has expired");
    expect(message).not.toContain("canary");
  });

  test("is read with a token for a client and its secret", async () => {
    const values = { tenantId: "shop-tenant", clientId: "shop-client", clientSecret: "canary-secret" };
    expect(await fetched(azure({ values }))).toEqual(contents());
    const asked = askedOf("login.microsoftonline.com").filter(({ method }) => method === "POST");
    expect(asked.map(({ path }) => path.replace(/\?.*/, ""))).toEqual(["/shop-tenant/oauth2/v2.0/token"]);
    const form = new URLSearchParams(asked[0]?.body);
    expect(Object.fromEntries(form)).toMatchObject({
      grant_type: "client_credentials",
      client_id: "shop-client",
      client_secret: "canary-secret",
      scope: "https://storage.azure.com/.default",
    });
    expect(askedOf("shop.blob.core.windows.net")[0]?.headers.authorization).toBe("Bearer canary-entra");
    answers.unshift(({ method }) =>
      method === "POST"
        ? { status: 401, body: { error: "invalid_client", error_description: "not canary-secret" } }
        : null,
    );
    const other = azure({ values: { ...values, clientId: "other" } });
    const error = await synced(other).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ failure: "auth", message: expect.stringContaining("the client other") });
    expect(String(error)).not.toContain("canary");
  });

  test("is read with a token for a client and its certificate", async () => {
    const clientCertificatePair = `${clientCertificate.cert}${clientCertificate.key}`;
    const values = { tenantId: "shop-tenant", clientId: "shop-client", clientCertificate: clientCertificatePair };
    expect(await fetched(azure({ values }))).toEqual(contents());
    const [asked] = askedOf("login.microsoftonline.com").filter(({ method }) => method === "POST");
    const assertion = new URLSearchParams(asked?.body).get("client_assertion") ?? "";
    expect(claimsOf(assertion)).toMatchObject({ iss: "shop-client", sub: "shop-client" });
    const headOf = (token: string) => JSON.parse(Buffer.from(token.split(".")[0]!, "base64url").toString()) as object;
    expect(headOf(assertion)).not.toHaveProperty("x5c");
    await synced(azure({ values: { ...values, clientCertificateSendChain: "True" } }));
    const last = askedOf("login.microsoftonline.com").findLast(({ method }) => method === "POST");
    expect(headOf(new URLSearchParams(last?.body).get("client_assertion") ?? "")).toHaveProperty("x5c");
  });

  test("is read as whom the cloud knows, or else as anybody may", async () => {
    const cloud = { azureToken: () => Promise.resolve({ token: "ambient", expiresAt: Date.now() + 1e6 }) };
    expect(await fetched(azure({ cloud, identity: account }))).toEqual(contents());
    expect(clouds.requests.every(({ headers }) => headers.authorization === "Bearer ambient")).toBe(true);
    expect(await fetched(azure())).toEqual(contents());
    expect(clouds.requests.at(-1)?.headers.authorization).toBeUndefined();
    expect((await refused(synced(azure({ identity: account })))).message).toContain("no cloud is near");
    answers.unshift(() => azureRefusal(409, "PublicAccessNotPermitted"));
    const { code, message } = await refused(synced(azure()));
    expect(code).toBe("authentication");
    expect(message).toContain("cannot get a token: no cloud is near");
  });

  test("that is not there, or a Secret that says too little, is told by name", async () => {
    const missing = azure({ values: { accountKey }, remote: { bucket: "absent" } });
    expect((await refused(synced(missing))).code).toBe("not-found");
    expect(() => azure({ values: { tenantId: "t" } })).toThrow("it needs `accountKey`, `sasKey`");
    expect(() => azure({ values: { sasKey: "?sv=1" } })).toThrow("it needs `accountKey`, `sasKey`");
    const address = () => open("https://127.0.0.1:1", "azure", { values: { accountKey } });
    expect(address).toThrow("an endpoint that begins with the name of the account");
  });
});
