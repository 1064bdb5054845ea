import { expect, test } from "vitest";
import { askedAccess, clusterAddress } from "./cluster-access.ts";

const generic = { provider: "generic", address: "https://api.example:6443", serviceAccountName: "web" };

test("askedAccess() reads what a ConfigMap says", () => {
  const data = { ...generic, "ca.crt": "PEM\n", audiences: "one\n\n two \n" };
  expect(askedAccess(data, "apps", "usual")).toEqual({
    ok: true,
    value: {
      kind: "asked",
      cloud: null,
      name: "",
      address: "https://api.example:6443",
      ca: "PEM",
      audiences: ["one", "two"],
      account: { namespace: "apps", name: "web" },
    },
  });
});

test("askedAccess() takes a cloud's word for address and authorities, and for who asks", () => {
  const data = { provider: "aws", cluster: "arn" };
  expect(askedAccess(data, "apps", null)).toMatchObject({
    ok: true,
    value: { cloud: "aws", name: "arn", address: "", ca: "", account: null },
  });
  const account = { namespace: "apps", name: "usual" };
  expect(askedAccess(data, "apps", "usual")).toMatchObject({ ok: true, value: { account } });
});

const refusals = [
  { data: {}, says: "has no key 'provider'; use generic, aws, azure or gcp" },
  { data: { provider: "other" }, says: 'has the provider "other"; use generic, aws, azure or gcp' },
  { data: { ...generic, address: "" }, says: "has no key 'address', which the provider generic needs" },
  { data: { ...generic, address: "http://a" }, says: 'has an address that is no https address: "http://a"' },
  { data: { ...generic, address: "https://a@b" }, says: "no https address" },
  { data: { ...generic, serviceAccountName: "" }, says: "has no key 'serviceAccountName'" },
  { data: { provider: "gcp" }, says: "has no key 'cluster', which the provider gcp needs" },
];
for (const { data, says } of refusals) {
  test(`askedAccess() refuses ${JSON.stringify(data)}`, () => {
    const read = askedAccess(data, "apps", null);
    expect(read.ok ? "" : read.error).toContain(says);
  });
}

test.each([
  ["API.example", "https://api.example:443"],
  ["https://api.example/", "https://api.example:443"],
  ["10.0.0.1:6443", "https://10.0.0.1:6443"],
  ["https://[::1]:6443", "https://[::1]:6443"],
])("clusterAddress() reads %s as %s", (text, want) => {
  expect(clusterAddress(text)).toBe(want);
});
