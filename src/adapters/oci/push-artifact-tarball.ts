import { createHash } from "node:crypto";
import { gzipSync } from "node:zlib";
import type { FileTree } from "#core/source/file-tree.ts";
import { childPath } from "#core/source/read-set.ts";
import { OciError } from "./oci-error.ts";

/** An archive of a tree: equal trees make equal bytes. */
export interface Tarball {
  readonly bytes: Buffer;
  /** Digest of what it holds before compression. */
  readonly contentDigest: string;
  readonly files: number;
  /** Links, which an artifact does not hold. */
  readonly left: readonly string[];
}

const maxContentBytes = 256 << 20;
const filesAtOnce = 100;

/** Packs the files of a tree, without owners and times. @throws OciError `too-large`, or naming a file that cannot be read */
export async function artifactTarball(tree: FileTree, signal: AbortSignal): Promise<Tarball> {
  const { files, left } = pathsOf(tree, "");
  const blocks: Buffer[] = [];
  let size = 0;
  for (let at = 0; at < files.length; at += filesAtOnce) {
    const paths = files.slice(at, at + filesAtOnce);
    const contents = await tree.read(paths, signal);
    for (const path of paths) {
      const content = Buffer.from(contents.get(path) ?? new Uint8Array());
      size += content.length;
      if (size > maxContentBytes) {
        throw new OciError("too-large", `Cannot pack the artifact: it holds more than ${maxContentBytes >> 20} MiB`);
      }
      blocks.push(...entryOf(path, { content, executable: tree.entry(path)?.executable === true }));
    }
  }
  const content = Buffer.concat([...blocks, Buffer.alloc(1_024)]);
  const contentDigest = `sha256:${createHash("sha256").update(content).digest("hex")}`;
  return { bytes: gzipSync(content), contentDigest, files: files.length, left };
}

function pathsOf(tree: FileTree, directory: string): { files: string[]; left: string[] } {
  const found = { files: [] as string[], left: [] as string[] };
  for (const name of tree.children(directory)) {
    const path = childPath(directory, name);
    const type = tree.entry(path)?.type;
    if (type === "file") found.files.push(path);
    else if (type === "link") found.left.push(path);
    else if (type === "directory") {
      const below = pathsOf(tree, path);
      found.files.push(...below.files);
      found.left.push(...below.left);
    }
  }
  return found;
}

function entryOf(path: string, { content, executable }: { content: Buffer; executable: boolean }): Buffer[] {
  const name = Buffer.from(path, "utf8");
  const mode = executable ? 0o755 : 0o644;
  const file = [header(name.subarray(0, 100), { size: content.length, mode, type: "0" }), content, padding(content)];
  if (name.length <= 100) return file;
  // Names that the old header has no room for stand in one of their own.
  const record = Buffer.from(paxRecord("path", path), "utf8");
  return [
    header(Buffer.from("pax"), { size: record.length, mode: 0o644, type: "x" }),
    record,
    padding(record),
    ...file,
  ];
}

function header(name: Buffer, { size, mode, type }: { size: number; mode: number; type: string }): Buffer {
  const block = Buffer.alloc(512);
  name.copy(block);
  const octal = (value: number, at: number, length: number) => {
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  };
  octal(mode, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  octal(size, 124, 12);
  octal(0, 136, 12);
  block.write("        ", 148, "latin1");
  block.write(type, 156, "latin1");
  block.write("ustar\u000000", 257, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}

function padding(content: Buffer): Buffer {
  return Buffer.alloc(-content.length & 511);
}

/** A record begins with its own length, which counts itself. */
function paxRecord(key: string, value: string): string {
  const rest = Buffer.byteLength(` ${key}=${value}\n`);
  let length = rest + 1;
  while (String(length).length + rest !== length) length = String(length).length + rest;
  return `${length} ${key}=${value}\n`;
}
