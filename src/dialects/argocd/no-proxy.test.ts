import { expect, test } from "vitest";
import { isExempt, unknownExemptions } from "./no-proxy.ts";

test.each([
  ["https://git.example/x", "git.example", true],
  ["https://a.git.example/x", "git.example", true],
  ["https://agit.example/x", "git.example", false],
  ["https://git.example/x", ".git.example", false],
  ["https://a.git.example/x", "*.git.example", true],
  ["https://git.example/x", " other.example , GIT.example ", true],
  ["https://git.example:8443/x", "git.example:8443", true],
  ["https://git.example/x", "git.example:8443", false],
  ["http://git.example/x", "git.example:80", true],
  ["https://10.1.2.3/x", "10.1.0.0/16", true],
  ["https://10.2.2.3/x", "10.1.0.0/16", false],
  ["https://10.2.2.3/x", "2.3", false],
  ["https://[fd00::1]/x", "fd00::1", true],
  ["https://git.example/x", "*", true],
  ["https://git.example/x", "", false],
  ["git@git.example:x", "git.example", false],
])("isExempt() of %s by %o is %s", (url, list, want) => {
  expect(isExempt(url, list)).toBe(want);
});

test("ranges that mean nothing are named", () => {
  expect(unknownExemptions("10.0.0.0/8, fd00::/8, 10.0.0.0/40, a.example")).toEqual(["fd00::/8", "10.0.0.0/40"]);
});
