import { describe, expect, test } from "vitest";
import { signedHeaders } from "./aws-signature.ts";
import { encodedKey, queryText } from "./query-text.ts";

// The examples that Amazon publishes for its signatures.
const keys = { id: "AKIAIOSFODNN7EXAMPLE", key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY" };
const when = { service: "s3", region: "us-east-1", at: new Date("2013-05-24T00:00:00Z") };
const host = "examplebucket.s3.amazonaws.com";

describe("signedHeaders()", () => {
  const published = [
    {
      title: "a part of an object",
      request: { path: "/test.txt", query: {}, headers: { range: "bytes=0-9" } },
      names: "host;range;x-amz-content-sha256;x-amz-date",
      signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41",
    },
    {
      title: "a question without value",
      request: { path: "/", query: { lifecycle: "" }, headers: {} },
      names: "host;x-amz-content-sha256;x-amz-date",
      signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543",
    },
    {
      title: "a list",
      request: { path: "/", query: { prefix: "J", "max-keys": "2" }, headers: {} },
      names: "host;x-amz-content-sha256;x-amz-date",
      signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7",
    },
  ];
  for (const { title, request, names, signature } of published) {
    test(`signs ${title} as published`, () => {
      const headers = signedHeaders({ method: "GET", host, ...request }, keys, when);
      expect(headers["x-amz-date"]).toBe("20130524T000000Z");
      const scope = "20130524/us-east-1/s3/aws4_request";
      expect(headers["authorization"]).toBe(
        `AWS4-HMAC-SHA256 Credential=${keys.id}/${scope},SignedHeaders=${names},Signature=${signature}`,
      );
    });
  }
});

test("what was lent with keys is signed, and so is a body", () => {
  const request = { method: "POST", host: "kms.example", path: "/", query: {}, headers: {} } as const;
  const sign = (more: object) => signedHeaders({ ...request, ...more }, { ...keys, session: "lent" }, when);
  const headers = sign({ body: "{}" });
  expect(headers["x-amz-security-token"]).toBe("lent");
  expect(headers["authorization"]).toContain(
    "SignedHeaders=host;x-amz-content-sha256;x-amz-date;x-amz-security-token,",
  );
  expect(headers["authorization"]).not.toBe(sign({ body: "[]" })["authorization"]);
});

test("keys and queries are encoded once, and a slash only in a query", () => {
  expect(encodedKey("a b/ü+(1)*.yaml")).toBe("a%20b/%C3%BC%2B%281%29%2A.yaml");
  expect(queryText({ prefix: "a/b c", "list-type": "2" })).toBe("list-type=2&prefix=a%2Fb%20c");
});
