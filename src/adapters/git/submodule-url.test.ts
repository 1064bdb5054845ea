import { describe, expect, test } from "vitest";
import { parseGitUrl } from "./git-url.ts";
import { isSameServer, submoduleUrl } from "./submodule-url.ts";

describe("submoduleUrl()", () => {
  test.each([
    ["https://git.test/team/app.git", "../lib.git", "https://git.test/team/lib.git"],
    ["https://git.test/team/app.git/", "../lib.git", "https://git.test/team/lib.git"],
    ["https://ada:pw@git.test:8443/team/app", "../../other/lib", "https://ada:pw@git.test:8443/other/lib"],
    ["https://git.test/team/app", "./lib", "https://git.test/team/app/lib"],
    ["ssh://git@git.test/team/app", "../lib", "ssh://git@git.test/team/lib"],
    ["git@git.test:team/app.git", "../lib.git", "git@git.test:team/lib.git"],
    ["https://git.test/team/app", "https://else.test/lib", "https://else.test/lib"],
    ["https://git.test/team/app", "git@else.test:lib", "git@else.test:lib"],
  ])("of %s, %s is %s", (base, url, want) => {
    expect(submoduleUrl(base, url)).toBe(want);
  });

  test.each([
    ["https://git.test/team/app", "../../../else.test/lib"],
    ["https://git.test/app", "../../lib"],
    ["git@git.test:app", "../../lib"],
    ["https://git.test/app", ".."],
  ])("of %s, %s leads nowhere", (base, url) => {
    expect(() => submoduleUrl(base, url)).toThrow("leads out of the server");
  });
});

describe("isSameServer()", () => {
  test.each([
    ["https://git.test/a", "https://GIT.test/b", true],
    ["https://git.test/a", "https://git.test:443/b", true],
    ["https://git.test/a", "https://git.test:8443/b", false],
    ["https://git.test/a", "http://git.test/b", false],
    ["https://git.test/a", "https://git.test.evil.test/b", false],
    ["https://git.test/a", "ssh://git@git.test/b", false],
    ["git@git.test:a", "ssh://other@git.test/b", true],
    ["git@git.test:a", "git@else.test:b", false],
  ])("%s and %s: %s", (a, b, want) => {
    expect(isSameServer(parseGitUrl(a, false), parseGitUrl(b, false))).toBe(want);
  });
});
