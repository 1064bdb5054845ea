import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import { testCertificate } from "#test/support/test-certificate.ts";
import { credentialOf, gitFetcher } from "./git-fetcher.ts";
import type { GitStore } from "./git-store.ts";

const HTTPS = "https://git.test/shop.git";
const SSH = "ssh://git@git.test/shop.git";

function secretOf(values: Record<string, string>): Resource {
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, Buffer.from(value).toString("base64")]),
  );
  return { apiVersion: "v1", kind: "Secret", metadata: { name: "key", namespace: "apps" }, data };
}

function refusalOf(url: string, secret: Resource): SourceError {
  try {
    credentialOf(url, secret);
  } catch (error) {
    if (error instanceof SourceError) return error;
  }
  throw new Error("expected a refusal");
}

describe("credentialOf()", () => {
  const accepted = [
    { name: "no Secret", url: HTTPS, values: null, want: { kind: "none" } },
    {
      name: "user name and password",
      url: HTTPS,
      values: { username: "ada", password: "pässword" },
      want: { kind: "basic", username: "ada", password: "pässword" },
    },
    {
      name: "an empty user name, as tokens of some servers want",
      url: HTTPS,
      values: { username: "", password: "t" },
      want: { kind: "basic", username: "", password: "t" },
    },
    {
      name: "a bearer token before user name and password",
      url: HTTPS,
      values: { bearerToken: "t", username: "ada", password: "p" },
      want: { kind: "bearer", token: "t" },
    },
    {
      name: "an authority beside a password",
      url: HTTPS,
      values: { username: "ada", password: "p", "ca.crt": "PEM" },
      want: { kind: "basic", username: "ada", password: "p", caPem: "PEM" },
    },
    {
      name: "a client certificate",
      url: HTTPS,
      values: { "ca.crt": "PEM", "tls.crt": testCertificate.cert, "tls.key": testCertificate.key },
      want: { kind: "tls", caPem: "PEM", client: { certPem: testCertificate.cert, keyPem: testCertificate.key } },
    },
    {
      name: "a client certificate of old beside a token",
      url: HTTPS,
      values: { bearerToken: "t", certFile: testCertificate.cert, keyFile: testCertificate.key },
      want: { kind: "bearer", token: "t", client: { certPem: testCertificate.cert, keyPem: testCertificate.key } },
    },
    { name: "an authority alone", url: HTTPS, values: { "ca.crt": "PEM" }, want: { kind: "tls", caPem: "PEM" } },
    {
      name: "an authority under its old name",
      url: HTTPS,
      values: { caFile: "PEM" },
      want: { kind: "tls", caPem: "PEM" },
    },
    {
      name: "an ssh key with the hosts it may talk to",
      url: SSH,
      values: { identity: "KEY", known_hosts: "HOSTS" },
      want: { kind: "ssh", privateKey: "KEY", knownHosts: "HOSTS" },
    },
    {
      name: "an ssh key with a passphrase, for an address of the short form",
      url: "git@git.test:shop.git",
      values: { identity: "KEY", known_hosts: "HOSTS", password: "phrase" },
      want: { kind: "ssh", privateKey: "KEY", knownHosts: "HOSTS", passphrase: "phrase" },
    },
  ];
  for (const { name, url, values, want } of accepted) {
    test(`reads ${name}`, () => {
      expect(credentialOf(url, values && secretOf(values))).toEqual(want);
    });
  }

  const refused = [
    { name: "an ssh key without known hosts", url: SSH, values: { identity: "s3cr3t" }, says: "known_hosts" },
    { name: "ssh without a key", url: SSH, values: { known_hosts: "s3cr3t" }, says: "identity" },
    { name: "a password for ssh", url: SSH, values: { username: "ada", password: "s3cr3t" }, says: "identity" },
    { name: "a password alone", url: HTTPS, values: { password: "s3cr3t" }, says: "belong together" },
    { name: "a user name alone", url: HTTPS, values: { username: "s3cr3t" }, says: "belong together" },
    { name: "a certificate without its key", url: HTTPS, values: { "tls.crt": "s3cr3t" }, says: "belong together" },
    {
      name: "a certificate that is none",
      url: HTTPS,
      values: { "tls.crt": "s3cr3t", "tls.key": "s3cr3t" },
      says: "no certificate and its key",
    },
    { name: "nothing that Git can use", url: HTTPS, values: { identity: "s3cr3t" }, says: "no key that Git can use" },
  ];
  for (const { name, url, values, says } of refused) {
    test(`refuses ${name}, naming the Secret and what is missing but no value`, () => {
      const { failure, message } = refusalOf(url, secretOf(values));
      expect(failure).toBe("auth");
      expect(message).toContain("Secret apps/key");
      expect(message).toContain(says);
      expect(message).not.toContain("s3cr3t");
    });
  }

  test("refuses a Secret without data", () => {
    const { data: _data, ...bare } = secretOf({});
    expect(refusalOf(HTTPS, bare as Resource).failure).toBe("auth");
  });
});

test("gitFetcher() opens a repository of the store with the Secret's credential, through the Secret's proxy", () => {
  const opened: unknown[] = [];
  const store = { open: (options: unknown) => void opened.push(options) } as unknown as GitStore;
  const credential = secretOf({ bearerToken: "t" });
  const proxy = secretOf({ address: "http://proxy.test:3128" });
  gitFetcher(store).open({ url: HTTPS, remote: { kind: "git" } }, { credential });
  gitFetcher(store).open({ url: HTTPS, remote: { kind: "git" } }, { credential, proxy });
  const want = { url: HTTPS, credential: { kind: "bearer", token: "t" } };
  expect(opened).toEqual([want, { ...want, proxy: { address: "http://proxy.test:3128" } }]);
});
