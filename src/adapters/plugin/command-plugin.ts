import { spawn } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { DeadlineError, withDeadline } from "#async/with-deadline.ts";
import { globMatches } from "#core/policy/glob.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import { childPath } from "#core/source/read-set.ts";
import type { Plugin, PluginTask } from "./plugin.ts";
import type { DeclaredPlugin, PluginCommand } from "./plugin-document.ts";
import { PluginError } from "./plugin-error.ts";

const TIME_LIMIT_MS = 90_000;
const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;
const MAX_ERROR_BYTES = 2_000;
const MAX_FILES_BYTES = 256 * 1024 * 1024;
const FILES_AT_ONCE = 12;
/** No core, few open files, files of at most 512 MiB, a minute of a processor; then it becomes the plugin. */
const LIMITED = 'ulimit -c 0; ulimit -n 256; ulimit -f 1048576; ulimit -t 60; exec "$@"';

/** A plugin that runs commands over a copy of the files, with no more of this program's environment than the path. */
export function commandPlugin({ name, init, generate, discover }: DeclaredPlugin): Plugin {
  return {
    name,
    discovers: () => Promise.resolve(discover !== null),
    supports: async (task, signal) => {
      if (discover === null) return false;
      if ("glob" in discover) return hasMatch(task.tree, task.path, discover.glob);
      return (await inCopy(task, (place, scope) => run(discover.command, place, scope), signal)).trim() !== "";
    },
    generate: (task, signal) =>
      inCopy(
        task,
        async (place, scope) => {
          if (init) await run(init, place, scope);
          return [await run(generate, place, scope)];
        },
        signal,
      ),
  };
}

interface Place {
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
}

async function inCopy<T>(
  task: PluginTask,
  work: (place: Place, signal: AbortSignal) => Promise<T>,
  signal: AbortSignal,
): Promise<T> {
  const root = await mkdtemp(join(tmpdir(), "holdfast-plugin-"));
  try {
    return await withDeadline(signal, TIME_LIMIT_MS, async (scope) => {
      const [files, home] = [join(root, "files"), join(root, "home")];
      await mkdir(home, { mode: 0o700 });
      await copyFiles(task.tree, files, scope);
      const own = { PATH: process.env["PATH"] ?? "/usr/bin:/bin", HOME: home, TMPDIR: home };
      const env = { ...Object.fromEntries(task.env.map((one) => [one.name, one.value])), ...own };
      return await work({ folder: join(files, task.path), env }, scope);
    });
  } catch (error) {
    if (!(error instanceof DeadlineError) || signal.aborted) throw error;
    throw new PluginError(`takes longer than the allowed ${TIME_LIMIT_MS / 1000} s`, { cause: error });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function copyFiles(tree: FileTree, to: string, signal: AbortSignal): Promise<void> {
  const files = [...filesIn(tree, "")];
  await mkdir(to, { recursive: true, mode: 0o700 });
  let bytes = 0;
  for (let at = 0; at < files.length; at += FILES_AT_ONCE) {
    const contents = await tree.read(files.slice(at, at + FILES_AT_ONCE), signal);
    for (const [path, content] of contents) {
      bytes += content.length;
      if (bytes > MAX_FILES_BYTES) {
        throw new PluginError(
          `the repository has more than the ${MAX_FILES_BYTES / 2 ** 20} MiB that a plugin may be given`,
        );
      }
      await mkdir(dirname(join(to, path)), { recursive: true, mode: 0o700 });
      await writeFile(join(to, path), content, { mode: tree.entry(path)?.executable ? 0o700 : 0o600 });
    }
  }
}

function* filesIn(tree: FileTree, folder: string): Generator<string> {
  for (const name of tree.children(folder)) {
    const path = childPath(folder, name);
    const type = tree.entry(path)?.type;
    if (type === "file") yield path;
    if (type === "directory") yield* filesIn(tree, path);
  }
}

function hasMatch(tree: FileTree, folder: string, glob: string): boolean {
  const pattern = glob.replace(/^(\.?\/)+/, "");
  // `**/` means no folder as well.
  const patterns = pattern.startsWith("**/") ? [pattern, pattern.slice("**/".length)] : [pattern];
  const start = folder === "" ? 0 : folder.length + 1;
  for (const path of filesIn(tree, folder)) {
    if (patterns.some((one) => globMatches(one, path.slice(start), "/"))) return true;
  }
  return false;
}

/** What a command prints. @throws PluginError with the end of what it says where it fails */
function run([program = "", ...args]: PluginCommand, { folder, env }: Place, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const stdio = ["ignore", "pipe", "pipe"] as const;
    // Its own group, so that what it starts ends with it.
    const child = spawn("/bin/sh", ["-c", LIMITED, "plugin", program, ...args], {
      cwd: folder,
      env,
      stdio: [...stdio],
      detached: true,
    });
    const end = () => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
      } catch {
        // It is gone.
      }
    };
    const output: Buffer[] = [];
    let [bytes, said] = [0, ""];
    child.stdout?.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= MAX_OUTPUT_BYTES) output.push(chunk);
      else end();
    });
    child.stderr?.on("data", (chunk: Buffer) => (said = `${said}${chunk.toString()}`.slice(-MAX_ERROR_BYTES)));
    signal.addEventListener("abort", end, { once: true });
    child.once("error", (cause) =>
      reject(new PluginError(`${program} cannot be started: ${cause.message}`, { cause })),
    );
    child.once("exit", end);
    child.once("close", (status, killedBy) => {
      signal.removeEventListener("abort", end);
      if (signal.aborted) reject(signal.reason as Error);
      else if (bytes > MAX_OUTPUT_BYTES)
        reject(new PluginError(`${program} prints more than ${MAX_OUTPUT_BYTES / 2 ** 20} MiB`));
      else if (status === 0) resolve(Buffer.concat(output).toString("utf8"));
      else
        reject(
          new PluginError(
            `\`${[program, ...args].join(" ")}\` failed ${killedBy ?? `exit status ${status}`}: ${said.trim()}`,
          ),
        );
    });
  });
}
