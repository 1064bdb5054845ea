import { execFileSync } from "node:child_process";
import { mkdtempSync, mkdirSync, rmSync, symlinkSync, writeFileSync, chmodSync, linkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { FileTree } from "#core/source/file-tree.ts";
import { paxRecord, tarballOf, tarOf } from "#test/support/tarball.ts";
import type { TarEntry } from "#test/support/tarball.ts";
import { ArchiveError } from "./archive-error.ts";
import type { ArchiveErrorCode } from "./archive-error.ts";
import type { ArchiveLimits } from "./archive-limits.ts";
import { treeOfTarball } from "./tree-of-tarball.ts";

const { signal } = new AbortController();
const limits: ArchiveLimits = { maxEntries: 1_000, maxFileBytes: 1 << 20, maxTotalBytes: 16 << 20, maxRatio: 100 };

function unpack(bytes: Uint8Array, changed: Partial<ArchiveLimits> = {}, chunk = 1_000): Promise<FileTree> {
  const pieces = Array.from({ length: Math.ceil(bytes.length / chunk) }, (_, at) =>
    Buffer.from(bytes.subarray(at * chunk, (at + 1) * chunk)),
  );
  return treeOfTarball(Readable.from(pieces), { ...limits, ...changed }, signal);
}

function unpackEntries(entries: readonly TarEntry[], changed: Partial<ArchiveLimits> = {}): Promise<FileTree> {
  return unpack(gzipSync(tarOf(entries)), changed);
}

async function filesOf(tree: FileTree): Promise<Record<string, string>> {
  const paths: string[] = [];
  const walk = (path: string) => {
    if (tree.entry(path)?.type === "file") paths.push(path);
    for (const name of tree.children(path)) walk(path === "" ? name : `${path}/${name}`);
  };
  walk("");
  const contents = await tree.read(paths, signal);
  return Object.fromEntries(paths.map((path) => [path, Buffer.from(contents.get(path)!).toString("utf8")]));
}

async function refusal(unpacking: Promise<FileTree>): Promise<ArchiveError> {
  const error: unknown = await unpacking.catch((reason: unknown) => reason);
  if (error instanceof ArchiveError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
}

describe("treeOfTarball()", () => {
  test("gives the files of an archive with their folders, sizes and digests", async () => {
    const tree = await unpack(tarballOf({ "app/b.yaml": "b", "app/a.yaml": "a", "README.md": "" }));
    expect(await filesOf(tree)).toEqual({ "README.md": "", "app/a.yaml": "a", "app/b.yaml": "b" });
    expect(tree.children("")).toEqual(["README.md", "app"]);
    expect(tree.children("app")).toEqual(["a.yaml", "b.yaml"]);
    expect(tree.entry("app/a.yaml")).toMatchObject({ type: "file", size: 1 });
    expect(tree.entry("app")?.type).toBe("directory");
    expect(tree.entry("absent")).toBeUndefined();
  });

  test("gives equal digests for equal content and others otherwise, up to the root", async () => {
    const digest = async (files: Record<string, string>) => (await unpack(tarballOf(files))).entry("")?.digest;
    expect(await digest({ "x/a": "1", b: "2" })).toBe(await digest({ b: "2", "./x//a": "1" }));
    expect(await digest({ "x/a": "1" })).not.toBe(await digest({ "x/a": "2" }));
    expect(await digest({ "x/a": "1" })).not.toBe(await digest({ "x/b": "1" }));
  });

  test("reads what the system's own tar writes, long names and marks included", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-tar-"));
    const long = `${"deep/".repeat(30)}${"n".repeat(120)}.yaml`;
    try {
      mkdirSync(join(folder, "deep/".repeat(30)), { recursive: true });
      writeFileSync(join(folder, long), "long");
      writeFileSync(join(folder, "ünï.yaml"), "x".repeat(70_000));
      writeFileSync(join(folder, "run.sh"), "run");
      chmodSync(join(folder, "run.sh"), 0o755);
      linkSync(join(folder, "run.sh"), join(folder, "same.sh"));
      symlinkSync("/etc/passwd", join(folder, "link"));
      for (const format of ["gnu", "pax", "ustar"]) {
        const names = format === "ustar" ? ["run.sh", "same.sh", "link", "ünï.yaml"] : ["."];
        const packed = execFileSync("tar", ["-cz", `--format=${format}`, "-C", folder, ...names]);
        const tree = await unpack(packed);
        const want = { "run.sh": "run", "same.sh": "run", "ünï.yaml": "x".repeat(70_000) };
        expect(await filesOf(tree)).toEqual(format === "ustar" ? want : { ...want, [long]: "long" });
        expect(tree.entry("run.sh")?.executable).toBe(true);
        expect(tree.entry("ünï.yaml")?.executable).toBeUndefined();
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test("leaves symbolic links out, also those that lead outside", async () => {
    const tree = await unpackEntries([
      { name: "a", content: "a" },
      { name: "in", type: "2", link: "a" },
      { name: "out", type: "2", link: "../../etc/passwd" },
    ]);
    expect(await filesOf(tree)).toEqual({ a: "a" });
  });

  test("keeps the last of two files with one name", async () => {
    const tree = await unpackEntries([
      { name: "a", content: "first" },
      { name: "./a", content: "second" },
    ]);
    expect(await filesOf(tree)).toEqual({ a: "second" });
  });

  test("does not touch the name or size of an entry that its extended header leaves alone", async () => {
    const header = paxRecord("mtime", "1.5") + paxRecord("path", "näme");
    const tree = await unpackEntries([
      { name: "x", type: "x", content: header },
      { name: "a", content: "a" },
      { name: "b", content: "b" },
    ]);
    expect(await filesOf(tree)).toEqual({ näme: "a", b: "b" });
  });

  const refused: { name: string; entries: readonly TarEntry[]; code: ArchiveErrorCode; says: string }[] = [
    { name: "a name that leads outside", entries: [{ name: "a/../../b" }], code: "refused", says: "leads outside" },
    { name: "a name that ends outside", entries: [{ name: "a/.." }], code: "refused", says: "leads outside" },
    { name: "an absolute name", entries: [{ name: "/etc/passwd" }], code: "refused", says: "is absolute" },
    { name: "a name with a drive", entries: [{ name: "C:/x" }], code: "refused", says: "is absolute" },
    { name: "a name with a backslash", entries: [{ name: "a\\..\\b" }], code: "refused", says: "backslash" },
    { name: "a name with a line break", entries: [{ name: "a\nb" }], code: "refused", says: "control character" },
    {
      name: "a name that is not UTF-8",
      entries: [{ name: Uint8Array.of(0x61, 0xff) }],
      code: "refused",
      says: "not UTF-8",
    },
    {
      name: "no name",
      entries: [{ name: "./", type: "0", content: "" }, { name: "." }],
      code: "refused",
      says: "no name",
    },
    {
      name: "an absolute name in an extended header",
      entries: [{ name: "x", type: "x", content: paxRecord("path", "/etc/passwd") }, { name: "a" }],
      code: "refused",
      says: "is absolute",
    },
    { name: "a device", entries: [{ name: "dev/sda", type: "4" }], code: "refused", says: '"dev/sda"' },
    { name: "a pipe", entries: [{ name: "pipe", type: "6" }], code: "refused", says: '"pipe"' },
    { name: "a sparse file", entries: [{ name: "holes", type: "S" }], code: "refused", says: '"holes"' },
    {
      name: "a hard link to what is not there",
      entries: [{ name: "a", type: "1", link: "b" }],
      code: "refused",
      says: "not there",
    },
    {
      name: "a hard link that leads outside",
      entries: [{ name: "a", type: "1", link: "../b" }],
      code: "refused",
      says: "leads outside",
    },
    {
      name: "a file that is also a folder",
      entries: [{ name: "a" }, { name: "a/b" }],
      code: "refused",
      says: "both a file and a folder",
    },
    {
      name: "an extended header that does not parse",
      entries: [{ name: "x", type: "x", content: "9 path" }],
      code: "damaged",
      says: "extended header",
    },
    {
      name: "an extended header of 2 MiB",
      entries: [{ name: "x", type: "x", content: "x".repeat(2 << 20) }],
      code: "too-large",
      says: "1 MiB",
    },
    {
      name: "a file over the limit",
      entries: [{ name: "big", size: 2 << 20 }],
      code: "too-large",
      says: '"big" is larger than 1 MiB',
    },
    {
      name: "a size over the limit in an extended header",
      entries: [{ name: "x", type: "x", content: paxRecord("size", "99999999") }, { name: "big" }],
      code: "too-large",
      says: '"big"',
    },
  ];
  for (const { name, entries, code, says } of refused) {
    test(`refuses ${name}`, async () => {
      const { code: got, message } = await refusal(unpackEntries(entries));
      expect(message).toContain(says);
      expect(got).toBe(code);
    });
  }

  test("refuses what is no tar.gz, saying so", async () => {
    const damaged = async (bytes: Uint8Array) => (await refusal(unpack(bytes))).message;
    expect(await damaged(Buffer.from("<html>not found</html>"))).toContain("not gzip");
    expect(await damaged(tarOf([{ name: "a" }]))).toContain("not gzip");
    expect(await damaged(gzipSync(Buffer.alloc(2_000, "x")))).toContain("no tar archive");
    expect(await damaged(Buffer.alloc(0))).toContain("cut short");
    expect(await damaged(tarballOf({ a: "a" }).subarray(0, -12))).toContain("cut short");
    expect(await damaged(gzipSync(tarOf([{ name: "a", content: "x".repeat(900) }]).subarray(0, 1_024)))).toContain(
      "cut short",
    );
  });

  test("refuses too many entries long before they are all read", async () => {
    const header = tarOf([{ name: "a" }]).subarray(0, 512);
    const part = gzipSync(Buffer.concat(Array.from({ length: 10_000 }, () => header)));
    // The parts of a gzip file may simply follow each other.
    const million = Buffer.concat(Array.from({ length: 100 }, () => part));
    const started = performance.now();
    const before = process.memoryUsage().rss;
    const { code, message } = await refusal(
      unpack(million, { maxEntries: 50_000, maxTotalBytes: 1 << 30, maxRatio: 1e6 }, 65_536),
    );
    expect({ code, message }).toEqual({
      code: "too-large",
      message: expect.stringContaining("more than 50000 entries"),
    });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(256 << 20);
  });

  test("refuses an archive that unpacks to too much in all", async () => {
    const entries = Array.from({ length: 20 }, (_, at) => ({ name: `f${at}`, content: Buffer.alloc(1 << 20, at) }));
    const { code, message } = await refusal(unpackEntries(entries, { maxRatio: 1e6 }));
    expect({ code, message }).toEqual({ code: "too-large", message: expect.stringContaining("more than 16 MiB") });
  });

  test("refuses an archive that unpacks to 800 times its size", async () => {
    const entries = Array.from({ length: 15 }, (_, at) => ({ name: `f${at}`, content: Buffer.alloc(1 << 20) }));
    const { code, message } = await refusal(unpackEntries(entries));
    expect({ code, message }).toEqual({ code: "too-large", message: expect.stringContaining("100 times its size") });
  });

  test("stops with the reason of its signal", async () => {
    const scope = new AbortController();
    const endless = new Readable({ read: () => {} });
    endless.push(tarballOf({ a: "a" }).subarray(0, 20));
    setImmediate(() => scope.abort(new Error("going down")));
    await expect(treeOfTarball(endless, limits, scope.signal)).rejects.toThrow("going down");
  });

  test("gives the error of a source that fails as it is", async () => {
    const failing = Readable.from(
      (async function* () {
        yield tarballOf({ a: "a" }).subarray(0, 20);
        await Promise.reject(new Error("connection lost"));
      })(),
    );
    await expect(treeOfTarball(failing, limits, signal)).rejects.toThrow("connection lost");
  });

  test("gives a tree or an ArchiveError for any bytes whatever", async () => {
    const valid = tarOf([
      { name: "x", type: "x", content: paxRecord("path", "long/name") },
      { name: "a/b.yaml", content: "kind: ConfigMap\n".repeat(50) },
      { name: "c", type: "1", link: "a/b.yaml" },
      { name: "d", type: "5" },
    ]);
    const mutated = fc.array(fc.tuple(fc.nat(valid.length - 1), fc.nat(255)), { maxLength: 20 }).map((changes) => {
      const bytes = Buffer.from(valid);
      for (const [at, value] of changes) bytes[at] = value;
      return gzipSync(repaired(bytes), { level: 1 });
    });
    const anything = fc.oneof(
      fc.uint8Array({ maxLength: 2_000 }),
      fc.uint8Array({ maxLength: 4_000 }).map((raw) => gzipSync(raw)),
      mutated,
    );
    await fc.assert(
      fc.asyncProperty(anything, fc.integer({ min: 1, max: 5_000 }), async (bytes, chunk) => {
        const outcome: unknown = await unpack(bytes, {}, chunk).catch((error: unknown) => error);
        if (outcome instanceof Error) expect(outcome).toBeInstanceOf(ArchiveError);
        else
          for (const path of Object.keys(await filesOf(outcome as FileTree)))
            expect(path).not.toMatch(/^\/|(^|\/)\.\.(\/|$)/);
      }),
      { numRuns: 500 },
    );
  });
});

/** Makes the headers' sums right again, so that changes get past them. */
function repaired(bytes: Buffer): Buffer {
  for (let at = 0; at + 512 <= bytes.length; at += 512) {
    if (bytes.toString("latin1", at + 257, at + 262) !== "ustar") continue;
    bytes.write("        ", at + 148);
    const sum = bytes.subarray(at, at + 512).reduce((total, byte) => total + byte, 0);
    bytes.write(`${sum.toString(8).padStart(6, "0")}\0 `, at + 148);
  }
  return bytes;
}
