import { describe, expect, test } from "vitest";
import { expiredCertificate, testCertificate } from "#test/support/test-certificate.ts";
import { parseOciAddress } from "./oci-address.ts";
import { OciError } from "./oci-error.ts";
import { registryAccess } from "./registry-secrets.ts";
import { secretOf } from "./testing/oci-world.ts";

const address = parseOciAddress("oci://r.example.com:5000/team/app");

function credentialOf(auths: Record<string, unknown>, at = address) {
  return registryAccess({ credential: secretOf({ ".dockerconfigjson": JSON.stringify({ auths }) }) }, at).credential;
}

function basic(password: string) {
  return { auth: Buffer.from(`ada:${password}`).toString("base64") };
}

describe("registryAccess() reads", () => {
  const accepted = [
    {
      name: "user name and password",
      values: { username: "ada", password: "päss" },
      want: { kind: "basic", username: "ada", password: "päss" },
    },
  ];
  for (const { name, values, want } of accepted) {
    test(name, () => expect(registryAccess({ credential: secretOf(values) }, address).credential).toEqual(want));
  }

  test("nothing where no Secret is named", () => {
    expect(registryAccess({}, address)).toMatchObject({ credential: { kind: "none" }, tls: {} });
  });

  const entries = [
    {
      name: "user and password in one",
      entry: basic("a:b"),
      want: { kind: "basic", username: "ada", password: "a:b" },
    },
    {
      name: "user and password apart",
      entry: { username: "ada", password: "x" },
      want: { kind: "basic", username: "ada", password: "x" },
    },
    { name: "an identity token", entry: { identitytoken: "i" }, want: { kind: "identity", token: "i" } },
    {
      name: "an identity token as a password",
      entry: { username: "<token>", password: "i" },
      want: { kind: "identity", token: "i" },
    },
    { name: "a token for the registry", entry: { registrytoken: "r" }, want: { kind: "bearer", token: "r" } },
  ];
  for (const { name, entry, want } of entries) {
    test(`a docker configuration with ${name}`, () => {
      expect(credentialOf({ "r.example.com:5000": entry })).toEqual(want);
    });
  }

  const keys = [
    {
      name: "the longest path",
      keys: ["r.example.com:5000", "r.example.com:5000/team", "r.example.com:5000/team/app/x"],
      best: 1,
    },
    { name: "an exact host before a pattern", keys: ["*.example.com:5000", "r.example.com:5000"], best: 1 },
    { name: "a pattern for one part of a host", keys: ["*.com:5000", "r.*.com:5000"], best: 1 },
    { name: "a pattern within a part", keys: ["x*.example.com:5000", "r*.ex*le.com:5000"], best: 1 },
    { name: "a host as an address with a version", keys: ["https://r.example.com:5000/v2/"], best: 0 },
    { name: "a host in capitals", keys: ["R.Example.Com:5000"], best: 0 },
    { name: "no host of another port", keys: ["r.example.com", "r.example.com:50001"], best: -1 },
    { name: "no path that only begins alike", keys: ["r.example.com:5000/te", "r.example.com:5000/team/ap"], best: -1 },
    { name: "no host that only ends alike", keys: ["example.com:5000", "evil-r.example.com:5000"], best: -1 },
  ];
  for (const { name, keys: listed, best } of keys) {
    test(`of a docker configuration ${name}`, () => {
      const auths = Object.fromEntries(listed.map((key, at) => [key, basic(String(at))]));
      const want = best < 0 ? { kind: "none" } : { kind: "basic", username: "ada", password: String(best) };
      expect(credentialOf(auths)).toEqual(want);
    });
  }

  test("the entry of Docker Hub under each of its names", () => {
    const hub = parseOciAddress("oci://docker.io/org/app");
    for (const key of ["https://index.docker.io/v1/", "docker.io", "registry-1.docker.io"]) {
      expect(credentialOf({ [key]: basic("x") }, hub)).toMatchObject({ kind: "basic" });
    }
  });

  test("certificates under their new and their old names", () => {
    const { cert, key } = testCertificate;
    const tls = (values: Record<string, string>) => registryAccess({ certificate: secretOf(values) }, address).tls;
    expect(tls({ "ca.crt": cert })).toEqual({ ca: cert });
    expect(tls({ caFile: cert, certFile: cert, keyFile: key })).toEqual({ ca: cert, cert, key });
    expect(tls({ "tls.crt": cert, "tls.key": key })).toEqual({ cert, key });
  });
});

describe("pull secrets of a service account", () => {
  const forHost = (host: string, username: string) =>
    secretOf({ ".dockerconfigjson": JSON.stringify({ auths: { [host]: { username, password: "p" } } }) });
  const other = forHost("other.example", "eve");

  test("count where the first is for the registry", () => {
    const pullSecrets = [other, forHost(address.registry, "ada"), forHost(address.registry, "bob")];
    expect(registryAccess({ pullSecrets }, address).credential).toMatchObject({ username: "ada" });
  });

  test("count after the Secret of the source", () => {
    const pullSecrets = [forHost(address.registry, "ada")];
    const credential = secretOf({ username: "own", password: "p" });
    expect(registryAccess({ credential, pullSecrets }, address).credential).toMatchObject({ username: "own" });
    expect(registryAccess({ credential: other, pullSecrets }, address).credential).toMatchObject({ username: "ada" });
  });

  test("that are all for other registries are told of", () => {
    const { credential, hint } = registryAccess({ pullSecrets: [other, other] }, address);
    expect(credential).toEqual({ kind: "none" });
    expect(hint).toContain("holds credentials only for other.example");
  });
});

describe("registryAccess() refuses", () => {
  const credentials = [
    { name: "a password alone", values: { password: "s3cr3t" }, says: "belong together" },
    { name: "a user name alone", values: { username: "s3cr3t" }, says: "belong together" },
    { name: "keys of something else", values: { identity: "s3cr3t" }, says: "neither" },
    { name: "a docker configuration that is not JSON", values: { ".dockerconfigjson": "s3cr3t" }, says: "is not JSON" },
    {
      name: "a docker configuration without hosts",
      values: { ".dockerconfigjson": '{"auths":"s3cr3t"}' },
      says: "no object `auths`",
    },
    {
      name: "an entry without user",
      values: { ".dockerconfigjson": '{"auths":{"r.example.com:5000":{"auth":"s3cr3t"}}}' },
      says: "holds no user for r.example.com:5000",
    },
  ];
  for (const { name, values, says } of credentials) {
    test(`${name}, naming the Secret but no value`, () => refuse("credential", values, says));
  }

  const certificates = [
    { name: "a certificate without its key", values: { "tls.crt": "s3cr3t" }, says: "belong together" },
    { name: "keys of something else", values: { username: "s3cr3t" }, says: "neither" },
    { name: "an authority that is none", values: { "ca.crt": "s3cr3t" }, says: "`ca.crt` is no certificate" },
    {
      name: "a key of another certificate",
      values: { "tls.crt": testCertificate.cert, "tls.key": expiredCertificate.key },
      says: "are no certificate and its key",
    },
  ];
  for (const { name, values, says } of certificates) {
    test(`${name}, naming the Secret but no value`, () => refuse("certificate", values, says));
  }

  function refuse(role: "credential" | "certificate", values: Record<string, string>, says: string) {
    const read = () => registryAccess({ [role]: secretOf(values) }, address);
    expect(read).toThrow(OciError);
    expect(read).toThrow("Cannot use Secret apps/key for a registry");
    expect(read).toThrow(says);
    expect(read).not.toThrow("s3cr3t");
  }
});
