import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, open, readFile, rename, rm, stat, utimes } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createInterface } from "node:readline";
import { goBuild, goPrograms, GoProgramError } from "#adapters/go-program.ts";
import type { GoBuild, GoBuildName } from "#adapters/go-program.ts";
import { sleep } from "#async/with-deadline.ts";

const expectations: Record<GoBuildName, string> = {
  cluster: "building the control plane, about 4 minutes the first time on two cores",
  upstream: "building the helper around kustomize, about a minute the first time on two cores",
  "upstream-all": "building the helper around all official libraries, about 4 minutes the first time on two cores",
  services: "building the servers that tests talk to, about 2 minutes the first time on two cores",
};
const lockTouchedEveryMs = 2_000;
const lockStaleAfterMs = 20_000;

/**
 * Builds programs into the cache folder unless they are there already, then does and prints nothing.
 * Several processes may call it at once: one builds, the others wait for it.
 * @throws GoProgramError when Go is missing, too old or reports errors.
 */
export async function buildGo(name: GoBuildName, signal: AbortSignal): Promise<void> {
  const build = goBuild(name);
  if (existsSync(build.directory)) return;
  await mkdir(dirname(build.directory), { recursive: true });
  await withLock(`${build.directory}.lock`, signal, async () => {
    if (existsSync(build.directory)) return;
    await compile(name, build, signal);
  });
}

async function compile(name: GoBuildName, build: GoBuild, signal: AbortSignal): Promise<void> {
  const unfinished = `${build.directory}.unfinished-${process.pid}`;
  await mkdir(unfinished, { recursive: true });
  const progress = startProgress(expectations[name]);
  try {
    for (const [file, program] of Object.entries(goPrograms)) {
      if (program.build !== name) continue;
      const tags = program.tags ? ["-tags", program.tags] : [];
      const args = ["build", "-v", ...build.flags, ...tags, "-o", join(unfinished, file), program.package];
      await runGo(args, { build, signal, onPackage: progress.count });
    }
    await rename(unfinished, build.directory);
  } finally {
    progress.stop();
    await rm(unfinished, { recursive: true, force: true });
  }
  process.stderr.write(`${name}: built in ${progress.seconds()} s, kept in ${build.directory}\n`);
}

interface GoRun {
  readonly build: GoBuild;
  readonly signal: AbortSignal;
  readonly onPackage: () => void;
}

async function runGo(args: readonly string[], run: GoRun): Promise<void> {
  run.signal.throwIfAborted();
  const child = spawn("go", args, {
    cwd: run.build.sources,
    // The compiler is done sooner when it collects its garbage less often.
    env: { GOGC: "400", ...process.env, ...run.build.environment },
    stdio: ["ignore", "inherit", "pipe"],
    signal: run.signal,
  });
  const closed = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const complaints: string[] = [];
  createInterface(child.stderr).on("line", (line) => {
    // With -v the compiler names each package on a line of its own; everything else is for people.
    if (/^[\w.\-/]+$/.test(line)) run.onPackage();
    else if (!line.startsWith("go: downloading ")) complaints.push(line);
  });
  const status = await closed;
  if (status === 0) return;
  throw new GoProgramError(`Cannot build ${run.build.sources}: go ended with ${status}\n${complaints.join("\n")}`);
}

function startProgress(what: string) {
  const startedAt = performance.now();
  const isTerminal = process.stderr.isTTY;
  let packages = 0;
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  const tick = () => {
    const line = `  ${seconds()} s, ${packages} packages compiled`;
    process.stderr.write(isTerminal ? `\r${line}` : `${line}\n`);
  };
  process.stderr.write(`${what}…\n`);
  const timer = setInterval(tick, isTerminal ? 1_000 : 15_000);
  const stop = () => {
    clearInterval(timer);
    if (isTerminal) process.stderr.write("\r\x1b[K");
  };
  return { count: () => packages++, seconds, stop };
}

/** Holds a lock file while `work` runs; a lock that its holder no longer touches counts as left behind. */
async function withLock(path: string, signal: AbortSignal, work: () => Promise<void>): Promise<void> {
  await acquireLock(path, signal);
  const timer = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => clearInterval(timer));
  }, lockTouchedEveryMs);
  try {
    await work();
  } finally {
    clearInterval(timer);
    await rm(path, { force: true });
  }
}

async function acquireLock(path: string, signal: AbortSignal): Promise<void> {
  let isAnnounced = false;
  while (!(await isCreated(path))) {
    const touchedAt = await stat(path).then(
      (found) => found.mtimeMs,
      () => 0,
    );
    if (Date.now() - touchedAt > lockStaleAfterMs) {
      await rm(path, { force: true });
      continue;
    }
    if (!isAnnounced) process.stderr.write(`waiting for process ${await lockHolder(path)}, which builds the same…\n`);
    isAnnounced = true;
    await sleep(500, signal);
  }
}

async function isCreated(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    await file.writeFile(`${process.pid}\n`);
    await file.close();
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
}

async function lockHolder(path: string): Promise<string> {
  return (await readFile(path, "utf8").catch(() => "?")).trim();
}

async function main(arguments_: readonly string[]): Promise<void> {
  const known = ["cluster", "upstream", "upstream-all", "services"] as const;
  const chosen = arguments_.length === 0 || arguments_.includes("all") ? known : arguments_;
  const stranger = chosen.find((name) => !known.some((one) => one === name));
  if (stranger !== undefined) {
    throw new GoProgramError(`Cannot build "${stranger}": name ${known.join(", ")} or all`);
  }
  const names = known.filter((name) => chosen.includes(name));
  const interrupted = new AbortController();
  for (const kill of ["SIGINT", "SIGTERM"] as const) {
    process.once(kill, () => interrupted.abort(new GoProgramError(`Cannot finish building: stopped by ${kill}`)));
  }
  for (const name of names) await buildGo(name, interrupted.signal);
}

if (import.meta.main) {
  try {
    await main(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
