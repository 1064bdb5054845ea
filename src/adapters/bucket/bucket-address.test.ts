import { describe, expect, test } from "vitest";
import { bucketAddress } from "./bucket-address.ts";
import { remoteOf } from "./testing/bucket-world.ts";

describe("bucketAddress()", () => {
  const addresses = [
    { endpoint: "minio.example:9000", remote: {}, origin: "http://minio.example:9000", base: "/apps/" },
    { endpoint: "s3.amazonaws.com", remote: {}, origin: "http://apps.s3.amazonaws.com", base: "/" },
    {
      endpoint: "s3.amazonaws.com",
      remote: { insecure: false, region: "eu-west-3" },
      origin: "https://apps.s3.eu-west-3.amazonaws.com",
      base: "/",
    },
    {
      endpoint: "s3.eu-west-3.amazonaws.com",
      remote: { bucket: "my.apps" },
      origin: "http://s3.eu-west-3.amazonaws.com",
      base: "/my.apps/",
    },
    { endpoint: "[::1]:9000", remote: {}, origin: "http://[::1]:9000", base: "/apps/" },
  ];
  for (const { endpoint, remote, origin, base } of addresses) {
    test(`finds ${origin}${base}`, () => {
      expect(bucketAddress(endpoint, remoteOf("apps", remote))).toMatchObject({ origin, base });
    });
  }

  const refusals = [
    { endpoint: "https://minio.example", problem: "without https://" },
    { endpoint: "minio.example/path", problem: "no endpoint" },
    { endpoint: "", problem: "no endpoint" },
    { endpoint: "minio.example", bucket: "../x", problem: "no name of a bucket" },
    { endpoint: "minio.example", bucket: "a/b", problem: "no name of a bucket" },
  ];
  for (const { endpoint, bucket = "apps", problem } of refusals) {
    test(`refuses the bucket ${JSON.stringify(bucket)} at ${JSON.stringify(endpoint)}`, () => {
      expect(() => bucketAddress(endpoint, remoteOf(bucket))).toThrow(problem);
    });
  }

  test("repeats no credentials from an endpoint", () => {
    const open = () => bucketAddress("ada:canary@minio.example", remoteOf("apps"));
    expect(open).toThrow("no endpoint");
    expect(open).not.toThrow("canary");
  });
});
