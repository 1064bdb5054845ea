import { expect, test } from "vitest";
import { notedRevision } from "./noted-revision.ts";

const revision = { text: "1@sha256:a", commit: "sha256:a", refName: "1" };

test("a revision has what its maker noted, and of that what it was made from", () => {
  const source = { "org.opencontainers.image.source": "https://git.example/a" };
  expect(notedRevision(revision, source)).toEqual({ ...revision, notes: source });
  const made = { ...source, "org.opencontainers.image.revision": "main@sha1:1" };
  expect(notedRevision(revision, made)).toEqual({ ...revision, notes: made, origin: "main@sha1:1" });
});

test("a revision that nobody noted anything with is the same", () => {
  expect(notedRevision(revision, {})).toBe(revision);
});
