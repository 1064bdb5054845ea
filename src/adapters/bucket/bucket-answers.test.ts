import { createServer as createHttp } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createHttps } from "node:https";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { testCertificate } from "#test/support/test-certificate.ts";
import { fetched, filesOf, refused, secretOf, signal, synced, useBucketWorld } from "./testing/bucket-world.ts";

const world = useBucketWorld();
let server: Server | undefined;

afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

async function serving(answer: Answer, tls = false): Promise<string> {
  server = tls ? createHttps(testCertificate, answer) : createHttp(answer);
  await new Promise<void>((resolve) => server?.listen(0, "127.0.0.1", resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A page of a listing in which every object holds "x". */
function page(keys: readonly string[], next = "", etag = "tag"): string {
  const contents = keys.map(
    (key) => `<Contents><Key>${encodeURIComponent(key)}</Key><ETag>&quot;${etag}&quot;</ETag><Size>1</Size></Contents>`,
  );
  const more = next === "" ? "" : `<NextContinuationToken>${next}</NextContinuationToken>`;
  return `<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>${next !== ""}</IsTruncated>${more}${contents.join("")}</ListBucketResult>`;
}

function listing(keys: readonly string[]): Answer {
  return (request, response) => {
    if (request.url?.includes("list-type=2")) response.end(page(keys));
    else response.writeHead(200, { etag: '"tag"' }).end("x");
  };
}

async function refusal(answer: Answer): Promise<string> {
  const { code, message } = await refused(synced(world().open({ endpoint: await serving(answer) })));
  return `${code}: ${message}`;
}

describe("a bucket is refused, and the key named,", () => {
  const hostile = [
    { keys: ["../up.yaml"], problem: '"../up.yaml" leads outside' },
    { keys: ["a/../../up.yaml"], problem: "leads outside" },
    { keys: ["a/../b.yaml"], problem: "leads outside" },
    { keys: ["/etc/passwd"], problem: "is absolute" },
    { keys: ["a\0b"], problem: "holds a control character" },
    { keys: ["a", "a/b"], problem: '"a" is both a file and a folder' },
    { keys: ["a/b", "a//b"], problem: '"a/b" and "a//b" are one file' },
    { keys: ["."], problem: '"." names no file' },
  ];
  for (const { keys, problem } of hostile) {
    test(`for ${JSON.stringify(keys)}`, async () => {
      expect(await refusal(listing(keys))).toMatch(/^refused-content: Cannot use bucket "manifests-/);
      expect(await refusal(listing(keys))).toContain(problem);
    });
  }
});

describe("answers", () => {
  test("keys that XML cannot hold are read as they are, and folders' markers are left out", async () => {
    const keys = ["%41 &<b>.yaml", "app/", "app/ü"];
    const repository = world().open({ endpoint: await serving(listing(keys)) });
    expect(Object.keys(await fetched(repository))).toEqual(["%41 &<b>.yaml", "app/ü"]);
  });

  test("a listing without end is refused", async () => {
    expect(await refusal((_, response) => response.end(page(["a"], "again")))).toContain("goes round in a circle");
    const cut = page(["a"], "more").replace(/<NextC.*Token>/, "");
    expect(await refusal((_, response) => response.end(cut))).toContain("ends in the middle");
  });

  test("what lists no bucket is refused", async () => {
    for (const body of [
      "<html><body>welcome</body></html>",
      "{}",
      "<ListBucketResult><Contents/></ListBucketResult>",
    ]) {
      expect(await refusal((_, response) => response.end(body))).toMatch(/^refused-content: /);
    }
  });

  test("an object that is changed after it was listed is listed again", async () => {
    let lists = 0;
    const endpoint = await serving((request, response) => {
      if (request.url?.includes("list-type=2")) response.end(page(["a"], "", `tag-${++lists}`));
      else if (request.headers["if-match"] !== '"tag-2"') response.writeHead(412).end();
      else response.writeHead(200, { etag: '"tag-2"' }).end("x");
    });
    expect(await fetched(world().open({ endpoint }))).toEqual({ a: "x" });
    expect(lists).toBe(2);
  });

  test("an object that is not what was listed is never used", async () => {
    const other: Answer = (request, response) => {
      if (request.url?.includes("list-type=2")) response.end(page(["a"]));
      else response.writeHead(200, { etag: '"other"' }).end("x");
    };
    expect(await refusal(other)).toContain('changed: Cannot read "a"');
    const longer: Answer = (request, response) => {
      if (request.url?.includes("list-type=2")) response.end(page(["a"]));
      else response.writeHead(200, { etag: '"tag"' }).end("xx");
    };
    expect(await refusal(longer)).toContain("does not have the 1 bytes");
    const endless: Answer = (request, response) => {
      if (request.url?.includes("list-type=2")) response.end(page(["a"]));
      else response.writeHead(200, { etag: '"tag"' }).write("xx");
    };
    expect(await refusal(endless)).toContain("does not have the 1 bytes");
  });

  test("only what is new is fetched, and a fetch that was cut short goes on", async () => {
    let isStuck = true;
    const keys = Array.from({ length: 20 }, (_, at) => `key-${at}`);
    const got: string[] = [];
    const endpoint = await serving((request, response) => {
      const path = request.url ?? "";
      if (!path.includes("list-type=2")) got.push(path.replace(/.*\//, ""));
      if (!isStuck || !path.endsWith("key-19")) listing(keys)(request, response);
    });
    const repository = world().open({ endpoint });
    expect((await refused(synced(repository, 1_000))).code).toBe("timeout");
    isStuck = false;
    await synced(repository);
    expect(got.toSorted()).toEqual([...keys, "key-19"].toSorted());
    keys.push("key-20");
    await synced(world().open({ endpoint }));
    expect(got.slice(21)).toEqual(["key-20"]);
  });

  test("a server that is busy is asked again", async () => {
    let asked = 0;
    const endpoint = await serving((request, response) => {
      asked += 1;
      if (asked === 1) response.writeHead(503).end("<Error><Code>SlowDown</Code></Error>");
      else listing(["a"])(request, response);
    });
    expect(await fetched(world().open({ endpoint }))).toEqual({ a: "x" });
  });

  test("a bucket elsewhere is not followed, and its region is told", async () => {
    const moved: Answer = (_, response) =>
      response.writeHead(301, { location: "http://127.0.0.1:1/", "x-amz-bucket-region": "eu-west-3" }).end();
    expect(await refusal(moved)).toContain("the bucket has another endpoint: name that of the region eu-west-3");
  });

  test("a refusal that repeats the keys is told without them", async () => {
    const { accessKey, secretKey } = world().server;
    const body = `<Error><Code>AccessDenied</Code><Message>${accessKey} and ${secretKey}</Message></Error>`;
    const told = await refusal((_, response) => response.writeHead(403).end(body));
    expect(told).toContain("(AccessDenied: *** and ***)");
  });

  test("without keys nothing is signed", async () => {
    const headers: string[] = [];
    const endpoint = await serving((request, response) => {
      headers.push(...Object.keys(request.headers));
      listing(["a"])(request, response);
    });
    await fetched(world().open({ endpoint, secrets: {} }));
    expect(headers).toContain("user-agent");
    expect(headers.filter((name) => name === "authorization" || name.startsWith("x-amz"))).toEqual([]);
  });

  test("a sync that takes too long says so", async () => {
    const repository = world().open({ endpoint: await serving(() => {}) });
    const { code, message } = await refused(synced(repository, 50));
    expect(code).toBe("timeout");
    expect(message).toContain("no answer within 0.05 s");
  });
});

describe("TLS", () => {
  test("only an authority that is known, or named by the Secret, is trusted", async () => {
    const endpoint = await serving(listing(["a"]), true);
    const { code, message } = await refused(synced(world().open({ endpoint, remote: { insecure: false } })));
    expect(code).toBe("certificate");
    expect(message).toContain(`at ${endpoint}: the server's certificate is not trusted`);
    const secrets = { certificate: secretOf({ "ca.crt": testCertificate.cert }) };
    const repository = world().open({ endpoint, remote: { insecure: false }, secrets });
    expect(await filesOf(await repository.tree(await synced(repository), signal))).toEqual({ a: "x" });
  });

  test("a Secret that cannot be used is told by its key", () => {
    const open = (secrets: object) => () => world().open({ secrets });
    expect(open({ credential: secretOf({ accesskey: "a" }) })).toThrow(
      "Cannot use Secret apps/keys for a bucket: it needs `accesskey` and `secretkey`",
    );
    expect(open({ credential: secretOf({ accesskey: "a\nb", secretkey: "b" }) })).toThrow("`accesskey` is no");
    expect(open({ certificate: secretOf({}) })).toThrow("neither `ca.crt` nor");
    expect(open({ certificate: secretOf({ "ca.crt": "x" }) })).toThrow("`ca.crt` is no certificate");
    expect(open({ certificate: secretOf({ "tls.crt": "x" }) })).toThrow("belong together");
  });
});
