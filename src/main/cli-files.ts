import { readFile } from "node:fs/promises";
import { text } from "node:stream/consumers";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import { describeProblem } from "#adapters/upstream/upstream-error.ts";
import { yamlDecode } from "#adapters/upstream/yaml-decode.ts";
import { CliError } from "#cli/cli-error.ts";
import type { Resource } from "#core/resource/resource.ts";

/** The objects of one file. */
export interface ObjectFile {
  readonly file: string;
  readonly objects: readonly Resource[];
}

/** Content of a file, or of standard input for `-`. @throws CliError when it cannot be read */
export async function readText(file: string, signal: AbortSignal): Promise<string> {
  try {
    return file === "-" ? await text(process.stdin) : await readFile(file, { encoding: "utf8", signal });
  } catch (cause) {
    signal.throwIfAborted();
    const { code } = cause as { code?: string };
    throw new CliError(`Cannot read ${file}: ${code === "ENOENT" ? "there is no such file" : String(code)}`, { cause });
  }
}

/** Decodes files exactly as the controller decodes manifests. @throws CliError naming the first file that is broken */
export async function readObjects(files: readonly string[], signal: AbortSignal): Promise<readonly ObjectFile[]> {
  const contents = new Map<string, string>();
  for (const file of new Set(files)) contents.set(file, await readText(file, signal));
  return withHelpers(async ({ small }) => {
    const encoder = new TextEncoder();
    const inputs = [...contents].map(([file, content]) => ({
      path: shownName(file),
      content: encoder.encode(content),
    }));
    const decoded = await yamlDecode(small, inputs, signal);
    const objects = new Map(
      [...contents.keys()].map((file, index) => {
        const one = decoded[index];
        if (one?.error) throw new CliError(`Cannot read objects: ${describeProblem(one.error)}`);
        return [
          file,
          (one?.documents ?? []).map((document) => checked(document.object, { file, line: document.line })),
        ];
      }),
    );
    return files.map((file) => ({ file, objects: objects.get(file) ?? [] }));
  });
}

/** Does `work` with the helpers that hold the official libraries, and stops them. */
export async function withHelpers<T>(work: (pools: HelperPools) => Promise<T>): Promise<T> {
  const pools = new HelperPools();
  try {
    return await work(pools);
  } finally {
    await pools.close();
  }
}

function checked(object: Readonly<Record<string, unknown>>, place: { file: string; line: number }): Resource {
  const metadata = object["metadata"] as { name?: unknown } | undefined;
  const missing =
    typeof object["apiVersion"] !== "string"
      ? "apiVersion"
      : typeof object["kind"] !== "string"
        ? "kind"
        : typeof metadata?.name !== "string"
          ? "metadata.name"
          : null;
  if (missing === null) return object as unknown as Resource;
  throw new CliError(`Cannot use ${shownName(place.file)}:${place.line}: the object has no ${missing}`);
}

function shownName(file: string): string {
  return file === "-" ? "standard input" : file;
}
