import { execFile } from "node:child_process";
import { join } from "node:path";

const program = new URL("../../src/main/cli.ts", import.meta.url).pathname;

/** How a command ended. */
export interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Whose home a command runs in, and with which cluster. */
export interface CliPerson {
  readonly home: string;
  readonly kubeconfig: string;
}

/** Runs a command as a person would; standard input is `input`. */
export function runCli({ home, kubeconfig }: CliPerson, args: readonly string[], input = ""): Promise<Ended> {
  // The programs in Go stay where they were built.
  const cache = process.env["XDG_CACHE_HOME"] ?? join(process.env["HOME"] ?? "", ".cache");
  const { PATH } = process.env;
  // Where bin/holdfast lets Node keep what it compiled.
  const compiled = join(cache, "holdfast/node");
  const env = {
    PATH,
    HOME: home,
    XDG_CACHE_HOME: cache,
    KUBECONFIG: kubeconfig,
    TMPDIR: home,
    NODE_COMPILE_CACHE: compiled,
  };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, ...args], { env, timeout: 60_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}
