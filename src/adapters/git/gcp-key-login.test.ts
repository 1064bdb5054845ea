import { generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { GcpKeyLogin } from "./gcp-key-login.ts";
import { repositorySpecOf } from "./git-fetcher.ts";

const { signal } = new AbortController();
const url = "https://source.developers.google.com/p/shop/r/web";
const key = { email: "bot@shop.iam.gserviceaccount.com", key: "k", keyId: "1" };
const remote = { kind: "git", gcpKey: true } as const;

function secret(text: string) {
  const data = { gcpServiceAccountKey: Buffer.from(text).toString("base64") };
  return { credential: { apiVersion: "v1", kind: "Secret", metadata: { namespace: "argocd", name: "repo" }, data } };
}

test("a token stands for the password of the account, and another is asked for before it ends", async () => {
  let asked = 0;
  let at = 0;
  const ask = () => Promise.resolve({ token: `token ${(asked += 1)}`, expiresAt: 3_600_000 * asked });
  const login = new GcpKeyLogin({ key, tls: {}, proxy: undefined, now: () => at, ask });
  const first = await login.credential(signal);
  expect(first).toEqual({ kind: "basic", username: key.email, password: "token 1" });
  expect(await login.credential(signal)).toBe(first);
  at = 3_400_000;
  expect(await login.credential(signal)).toMatchObject({ password: "token 2" });
  login.forget();
  expect(await login.credential(signal)).toMatchObject({ password: "token 3" });
});

describe("a repository with the key of a Google account", () => {
  test("is logged in to by that key, which its identity tells from others", () => {
    const { privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const pem = privateKey.export({ format: "pem", type: "pkcs8" }).toString();
    const file = (email: string) =>
      JSON.stringify({ type: "service_account", client_email: email, private_key: pem, private_key_id: "1" });
    const spec = repositorySpecOf({ url, remote }, secret(file("a@x")));
    expect(spec.login).toBeInstanceOf(GcpKeyLogin);
    expect(spec.login?.identity).not.toBe(repositorySpecOf({ url, remote }, secret(file("b@x"))).login?.identity);
  });

  test("is refused by Secret and entry where the key is none, and where it would be sent in the clear", () => {
    const of = (address: string, text: string) => () => repositorySpecOf({ url: address, remote }, secret(text));
    expect(of(url, '{"type": "external_account", "key": "s3cret"}')).toThrow(
      "Cannot use the Secret argocd/repo: `gcpServiceAccountKey` cannot be used: its `type` is not `service_account`",
    );
    expect(of("http://git.example/web", "{}")).toThrow("the address must begin with https://");
  });
});
