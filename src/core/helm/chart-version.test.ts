import { expect, test } from "vitest";
import { versionWithDigest } from "./chart-version.ts";

const hex = `0123456789ab${"c".repeat(52)}`;
const digest = `sha256:${hex}`;

const good = [
  { name: "adds the digest of a tag", chart: "1.2.3", revision: `1.2.3@${digest}`, want: "1.2.3+0123456789ab" },
  { name: "adds a bare digest", chart: "1.2.3", revision: digest, want: "1.2.3+0123456789ab" },
  { name: "replaces build metadata", chart: "1.2.3+5", revision: `1.2.3_5@${digest}`, want: "1.2.3+0123456789ab" },
  {
    name: "keeps a pre-release",
    chart: "2.0.0-rc.1",
    revision: `2.0.0-rc.1@${digest}`,
    want: "2.0.0-rc.1+0123456789ab",
  },
  { name: "takes a tag with a v", chart: "1.2.3", revision: `v1.2.3@${digest}`, want: "1.2.3+0123456789ab" },
];
for (const { name, chart, revision, want } of good) {
  test(`versionWithDigest() ${name}`, () => {
    expect(versionWithDigest(chart, revision)).toEqual({ ok: true, value: { version: want, ociDigest: digest } });
  });
}

const bad = [
  {
    name: "a tag that is another version",
    chart: "1.2.3",
    revision: `1.2.4@${digest}`,
    want: '"1.2.4" does not match',
  },
  { name: "a tag that is no version", chart: "1.2.3", revision: `latest@${digest}`, want: '"latest" is no version' },
  { name: "a revision without digest", chart: "1.2.3", revision: "1.2.3", want: "names no digest" },
  { name: "a digest that is too short", chart: "1.2.3", revision: "sha256:0123", want: "names no digest" },
  { name: "a chart whose version is none", chart: "one", revision: digest, want: '"one" is no version' },
];
for (const { name, chart, revision, want } of bad) {
  test(`versionWithDigest() refuses ${name}`, () => {
    const result = versionWithDigest(chart, revision);
    expect(result.ok ? "" : result.error).toContain(want);
  });
}
