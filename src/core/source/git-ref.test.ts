import { describe, expect, test } from "vitest";
import { parseAdvertisedRefs, revisionText, selectRef } from "./git-ref.ts";
import type { GitRef } from "./git-ref.ts";

const hash = (digit: string) => digit.repeat(40);
const listing = [
  [hash("1"), "HEAD"],
  [hash("1"), "refs/heads/main"],
  [hash("2"), "refs/heads/feature/login"],
  [hash("3"), "refs/heads/v9.9.9"],
  [hash("4"), "refs/pull/7/head"],
  [hash("a"), "refs/tags/v1.0.0"],
  [hash("b"), "refs/tags/v1.0.0^{}"],
  [hash("c"), "refs/tags/v1.2.0"],
  [hash("d"), "refs/tags/v2.0.0-rc.1"],
  [hash("e"), "refs/tags/1.1"],
  [hash("f"), "refs/tags/nightly"],
]
  .map((line) => line.join("\t"))
  .join("\n");
const advertised = parseAdvertisedRefs(`${listing}\n`);

const found: { ref: GitRef; commit: string; refName: string | null; text: string }[] = [
  {
    ref: { kind: "branch", value: "main" },
    commit: hash("1"),
    refName: "refs/heads/main",
    text: `main@sha1:${hash("1")}`,
  },
  {
    ref: { kind: "branch", value: "feature/login" },
    commit: hash("2"),
    refName: "refs/heads/feature/login",
    text: `feature/login@sha1:${hash("2")}`,
  },
  {
    ref: { kind: "tag", value: "v1.0.0" },
    commit: hash("b"),
    refName: "refs/tags/v1.0.0",
    text: `v1.0.0@sha1:${hash("b")}`,
  },
  {
    ref: { kind: "name", value: "refs/pull/7/head" },
    commit: hash("4"),
    refName: "refs/pull/7/head",
    text: `refs/pull/7/head@sha1:${hash("4")}`,
  },
  {
    ref: { kind: "name", value: "refs/heads/main" },
    commit: hash("1"),
    refName: "refs/heads/main",
    text: `refs/heads/main@sha1:${hash("1")}`,
  },
  { ref: { kind: "commit", value: hash("9") }, commit: hash("9"), refName: null, text: `sha1:${hash("9")}` },
  { ref: { kind: "commit", value: "CCCCCCC" }, commit: hash("c"), refName: null, text: `sha1:${hash("c")}` },
  {
    ref: { kind: "semver", value: ">=1.0.0" },
    commit: hash("c"),
    refName: "refs/tags/v1.2.0",
    text: `v1.2.0@sha1:${hash("c")}`,
  },
  {
    ref: { kind: "semver", value: ">=1.0.0-0" },
    commit: hash("d"),
    refName: "refs/tags/v2.0.0-rc.1",
    text: `v2.0.0-rc.1@sha1:${hash("d")}`,
  },
  {
    ref: { kind: "semver", value: "1.0.x" },
    commit: hash("b"),
    refName: "refs/tags/v1.0.0",
    text: `v1.0.0@sha1:${hash("b")}`,
  },
  { ref: { kind: "auto", value: "HEAD" }, commit: hash("1"), refName: "HEAD", text: `HEAD@sha1:${hash("1")}` },
  { ref: { kind: "auto", value: "" }, commit: hash("1"), refName: "HEAD", text: `HEAD@sha1:${hash("1")}` },
  {
    ref: { kind: "auto", value: "main" },
    commit: hash("1"),
    refName: "refs/heads/main",
    text: `main@sha1:${hash("1")}`,
  },
  {
    ref: { kind: "auto", value: "nightly" },
    commit: hash("f"),
    refName: "refs/tags/nightly",
    text: `nightly@sha1:${hash("f")}`,
  },
  {
    ref: { kind: "auto", value: "v9.9.9" },
    commit: hash("3"),
    refName: "refs/heads/v9.9.9",
    text: `v9.9.9@sha1:${hash("3")}`,
  },
  {
    ref: { kind: "auto", value: "pull/7/head" },
    commit: hash("4"),
    refName: "refs/pull/7/head",
    text: `refs/pull/7/head@sha1:${hash("4")}`,
  },
  { ref: { kind: "auto", value: "~1.1" }, commit: hash("e"), refName: "refs/tags/1.1", text: `1.1@sha1:${hash("e")}` },
  {
    ref: { kind: "auto", value: "1.*" },
    commit: hash("c"),
    refName: "refs/tags/v1.2.0",
    text: `v1.2.0@sha1:${hash("c")}`,
  },
  { ref: { kind: "auto", value: hash("5") }, commit: hash("5"), refName: null, text: `sha1:${hash("5")}` },
  { ref: { kind: "auto", value: "2222222" }, commit: hash("2"), refName: null, text: `sha1:${hash("2")}` },
];

describe("selectRef()", () => {
  for (const { ref, commit, refName, text } of found) {
    test(`finds ${ref.kind} ${JSON.stringify(ref.value)}`, () => {
      const selection = selectRef(ref, advertised);
      expect(selection).toEqual({ ok: true, value: { commit, refName } });
      expect(revisionText(ref, { commit, refName })).toBe(text);
    });
  }

  const refused: { ref: GitRef; code: string; message: RegExp }[] = [
    {
      ref: { kind: "branch", value: "mian" },
      code: "ref-not-found",
      message: /branch "mian".*closest names are "main"/,
    },
    { ref: { kind: "branch", value: "v1.2.0" }, code: "ref-not-found", message: /branch/ },
    { ref: { kind: "tag", value: "main" }, code: "ref-not-found", message: /tag/ },
    { ref: { kind: "semver", value: ">3" }, code: "ref-not-found", message: /range ">3"/ },
    { ref: { kind: "semver", value: "1.1" }, code: "ref-not-found", message: /range/ },
    { ref: { kind: "semver", value: "newest" }, code: "invalid-ref", message: /does not parse/ },
    { ref: { kind: "commit", value: "xyz" }, code: "invalid-ref", message: /hexadecimal/ },
    { ref: { kind: "commit", value: "abcdef0" }, code: "short-commit", message: /abcdef0/ },
    { ref: { kind: "auto", value: "abcdef0" }, code: "short-commit", message: /abcdef0/ },
    { ref: { kind: "auto", value: "~7" }, code: "ref-not-found", message: /"~7"/ },
    { ref: { kind: "name", value: "heads/main" }, code: "invalid-ref", message: /refs\// },
    { ref: { kind: "branch", value: "--upload-pack=x" }, code: "invalid-ref", message: /does not allow/ },
    { ref: { kind: "auto", value: "--all" }, code: "invalid-ref", message: /does not allow/ },
    { ref: { kind: "branch", value: "a:refs/heads/b" }, code: "invalid-ref", message: /does not allow/ },
    { ref: { kind: "branch", value: "a\nb" }, code: "invalid-ref", message: /does not allow/ },
    { ref: { kind: "branch", value: "" }, code: "invalid-ref", message: /does not allow/ },
  ];
  for (const { ref, code, message } of refused) {
    test(`refuses ${ref.kind} ${JSON.stringify(ref.value)}`, () => {
      const selection = selectRef(ref, advertised);
      expect(selection).toMatchObject({ ok: false, error: { code } });
      if (!selection.ok) expect(selection.error.message).toMatch(message);
    });
  }

  test("says so when the repository is empty", () => {
    const selection = selectRef({ kind: "branch", value: "main" }, new Map());
    expect(selection).toMatchObject({ ok: false, error: { message: expect.stringContaining("no branch or tag") } });
  });
});

describe("a prefix of tags", () => {
  const refs = parseAdvertisedRefs(
    [
      [hash("1"), "refs/tags/shop/v1.2.0"],
      [hash("2"), "refs/tags/shop/v1.3.0-rc.1"],
      [hash("3"), "refs/tags/till/v1.9.0"],
      [hash("4"), "refs/tags/v1.8.0"],
      [hash("5"), "refs/heads/main"],
    ]
      .map((line) => line.join("\t"))
      .join("\n"),
  );
  const cases: [string, string, string][] = [
    ["1.x", "shop/", hash("1")],
    [">=1.3.0-0", "shop/", hash("2")],
    ["1.x", "till/", hash("3")],
    ["1.x", "", hash("4")],
    ["main", "shop/", hash("5")],
    ["shop/v1.2.0", "shop/", hash("1")],
  ];
  for (const [value, tagPrefix, commit] of cases) {
    test(`${tagPrefix || "none"} with ${value}`, () => {
      expect(selectRef({ kind: "auto", value, tagPrefix }, refs)).toMatchObject({ ok: true, value: { commit } });
    });
  }

  test("leaves nothing where no tag begins with it", () => {
    expect(selectRef({ kind: "auto", value: "1.x", tagPrefix: "none/" }, refs).ok).toBe(false);
  });
});
