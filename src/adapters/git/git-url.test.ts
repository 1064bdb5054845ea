import { describe, expect, test } from "vitest";
import { parseGitUrl } from "./git-url.ts";

describe("parseGitUrl()", () => {
  test.each([
    ["https://example.org/apps.git", "https", "https://example.org/apps.git"],
    ["http://127.0.0.1:8080/apps", "http", "http://127.0.0.1:8080/apps"],
    ["https://ada@example.org/apps", "https", "https://example.org/apps"],
    ["ssh://git@example.org:22/apps.git", "ssh", "ssh://git@example.org:22/apps.git"],
    ["git@example.org:team/apps.git", "ssh", "git@example.org:team/apps.git"],
    ["git@[::1]:apps.git", "ssh", "git@[::1]:apps.git"],
  ])("accepts %s", (url, transport, address) => {
    expect(parseGitUrl(url, false)).toEqual({ transport, address });
  });

  test("takes a password out of the address", () => {
    expect(parseGitUrl("https://ada:p%40ss@example.org/apps", false)).toEqual({
      transport: "https",
      address: "https://example.org/apps",
      userinfo: { username: "ada", password: "p@ss" },
    });
  });

  test.each([
    "-oProxyCommand=touch x",
    "--upload-pack=touch x",
    "ext::sh -c touch",
    "EXT::sh",
    "fd::17",
    "http::example.org",
    "file:///etc",
    "/etc",
    "../apps",
    "apps",
    "git://example.org/apps",
    "ftp://example.org/apps",
    "git+ssh://example.org/apps",
    "https://",
    "https://exa mple.org/apps",
    "https://example.org/\napps",
    "https://example.org/\0apps",
    "ssh://-oProxyCommand=x/apps",
    "ssh://-oProxyCommand=x@example.org/apps",
    "-x@example.org:apps",
    "git@-oProxyCommand=x:apps",
    "git@example.org:-x",
    "ssh://ada:secret@example.org/apps",
    `https://example.org/${"a".repeat(3_000)}`,
    "",
  ])("refuses %j", (url) => {
    expect(() => parseGitUrl(url, false)).toThrow(expect.objectContaining({ code: "refused-url", failure: "config" }));
  });

  test("never repeats a password", () => {
    expect(() => parseGitUrl("ssh://ada:hunter2@example.org/apps", false)).toThrow(/^(?!.*hunter2)/);
    expect(() => parseGitUrl("svn://ada:hunter2@example.org/apps", false)).toThrow(/^(?!.*hunter2)/);
  });

  test("accepts a local path only under the test flag", () => {
    expect(parseGitUrl("file:///srv/apps.git", true)).toEqual({ transport: "file", address: "file:///srv/apps.git" });
  });
});
