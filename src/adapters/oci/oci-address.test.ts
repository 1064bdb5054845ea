import { describe, expect, test } from "vitest";
import { parseOciAddress } from "./oci-address.ts";
import { OciError } from "./oci-error.ts";

describe("parseOciAddress()", () => {
  const accepted = [
    { url: "oci://ghcr.io/org/app", registry: "ghcr.io", host: "ghcr.io", repository: "org/app" },
    { url: "oci://ghcr.io/org/app/", registry: "ghcr.io", host: "ghcr.io", repository: "org/app" },
    { url: "oci://GHCR.io/a_b/c-d.e", registry: "ghcr.io", host: "ghcr.io", repository: "a_b/c-d.e" },
    { url: "oci://127.0.0.1:5000/app", registry: "127.0.0.1:5000", host: "127.0.0.1:5000", repository: "app" },
    { url: "oci://[::1]:5000/app", registry: "[::1]:5000", host: "[::1]:5000", repository: "app" },
    { url: "oci://r.test:443/app", registry: "r.test:443", host: "r.test:443", repository: "app" },
    { url: "oci://r.test:80/app", registry: "r.test:80", host: "r.test:80", repository: "app" },
    {
      url: "oci://docker.io/app",
      registry: "index.docker.io",
      host: "registry-1.docker.io",
      repository: "library/app",
    },
    { url: "oci://org/app", registry: "index.docker.io", host: "registry-1.docker.io", repository: "org/app" },
    { url: "oci://app", registry: "index.docker.io", host: "registry-1.docker.io", repository: "library/app" },
  ];
  for (const { url, ...want } of accepted) {
    test(`reads ${url}`, () => expect(parseOciAddress(url)).toEqual(want));
  }

  const refused = [
    { url: "https://ghcr.io/app", says: "does not begin with oci://" },
    { url: "oci://", says: "is no name of a repository" },
    { url: "oci://ghcr.io", says: "names a host and no repository" },
    { url: "oci://ghcr.io/", says: "names a host and no repository" },
    { url: "oci://ghcr.io/App", says: "is no name of a repository" },
    { url: "oci://ghcr.io/a//b", says: "is no name of a repository" },
    { url: "oci://ghcr.io/a/../b", says: "is no name of a repository" },
    { url: "oci://ghcr.io/a?b=c", says: "is no name of a repository" },
    { url: "oci://ghcr.io/app:1.0", says: "it ends in a tag" },
    { url: "oci://ada:s3cr3t@ghcr.io/app", says: "holds a user or a digest" },
    { url: "oci://ghcr.io/app@sha256:00", says: "holds a user or a digest" },
    { url: "oci://ghcr.io:x/app", says: "is no host" },
    { url: "oci://ghcr.io /app", says: "holds a space" },
  ];
  for (const { url, says } of refused) {
    test(`refuses ${url}`, () => {
      expect(() => parseOciAddress(url)).toThrow(OciError);
      expect(() => parseOciAddress(url)).toThrow(says);
      expect(() => parseOciAddress(url)).not.toThrow("s3cr3t");
    });
  }
});
