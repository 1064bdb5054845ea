import { execFile } from "node:child_process";
import { chmod, cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const checkout = join(import.meta.dirname, "..");
let folder: string;

/** A checkout with the scripts alone, and a folder of programs beside it that is first on the PATH. */
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "setup-"));
  await cp(join(checkout, "bin"), join(folder, "holdfast/bin"), { recursive: true });
  await mkdir(join(folder, "holdfast/tools"));
  await cp(join(checkout, "tools/setup.sh"), join(folder, "holdfast/tools/setup.sh"));
  await writeFile(join(folder, "holdfast/package-lock.json"), "1");
  for (const name of ["dirname", "readlink", "uname", "cmp", "cp", "rm", "mkdir", "chmod", "cat"]) {
    await program(name, `exec /usr/bin/env PATH=/usr/bin:/bin ${name} "$@"`);
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, script: string): Promise<void> {
  await file(join(folder, "path", name), `#!/bin/sh\n${script}\n`);
}

async function file(path: string, text: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, text);
  await chmod(path, 0o755);
}

function start(path: string, args: readonly string[] = []): Promise<{ code: number; out: string; err: string }> {
  const env = { PATH: join(folder, "path") };
  return new Promise((resolve) => {
    execFile(join(folder, path), args, { env }, (error, out, err) =>
      resolve({ code: error === null ? 0 : Number(error.code), out, err }),
    );
  });
}

test("bin/holdfast runs the lockfile's Node, also through symbolic links, and hands arguments on as they are", async () => {
  await mkdir(join(folder, "holdfast/node_modules/commander"), { recursive: true });
  await file(join(folder, "holdfast/node_modules/.bin/node"), '#!/bin/sh\nprintf "<%s>" "$@"\n');
  await symlink("holdfast/bin/holdfast", join(folder, "first"));
  await symlink(join(folder, "first"), join(folder, "second"));
  const ran = await start("second", ["get", "a b", ""]);
  const cli = join(folder, "holdfast/src/main/cli.ts");
  expect(ran).toEqual({ code: 0, out: `<--max-semi-space-size=8><${cli}><get><a b><>`, err: "" });
});

test("bin/holdfast says what to do when the npm packages are missing", async () => {
  const ran = await start("holdfast/bin/holdfast");
  expect(ran).toMatchObject({ code: 1, err: expect.stringContaining('npm packages are missing; run "make setup" in') });
});

test("bin/with-node takes the machine's own Node only when it is new enough", async () => {
  expect((await start("holdfast/bin/with-node", ["x.ts"])).err).toContain("install Node 24.15 or newer");
  await program("node", 'case "$1" in -e) exit 1 ;; *) echo v20.1.0 ;; esac');
  const old = await start("holdfast/bin/with-node", ["x.ts"]);
  expect(old).toMatchObject({ code: 1, err: expect.stringContaining("Cannot use Node v20.1.0") });
  await program("node", `exec '${process.execPath}' "$@"`);
  expect(await start("holdfast/bin/with-node", ["-p", "6 * 7"])).toMatchObject({ code: 0, out: "42\n" });
});

test("setup.sh names the first program that is missing or too old", async () => {
  const problems: string[] = [];
  for (const [name, script] of Object.entries({
    git: "",
    go: "",
    node: 'case "$1" in -p) echo 18 ;; *) echo v18.2.0 ;; esac',
    npm: "",
  })) {
    problems.push((await start("holdfast/tools/setup.sh")).err);
    await program(name, script);
  }
  problems.push((await start("holdfast/tools/setup.sh")).err);
  expect(problems).toEqual(
    [
      "git is not installed",
      "Go is not installed",
      "Node is not installed",
      "npm is not installed",
      "Node v18.2.0 is",
    ].map((problem) => expect.stringContaining(`Cannot set up Holdfast: ${problem}`)),
  );
});

test("setup.sh installs packages once, again for another lockfile, and builds each time", async () => {
  const log = join(folder, "log");
  await program("git", "");
  await program("go", "");
  await program("node", "echo 20");
  const pinned = `#!/bin/sh\ncase "$1" in --version) ;; *) echo "build $*" >> '${log}' ;; esac\n`;
  await file(join(folder, "pinned"), pinned);
  const install = `mkdir -p node_modules/.bin; cp '${join(folder, "pinned")}' node_modules/.bin/node`;
  await program("npm", `echo "npm $1" >> '${log}'; ${install}`);
  const codes = [(await start("holdfast/tools/setup.sh")).code, (await start("holdfast/tools/setup.sh")).code];
  await writeFile(join(folder, "holdfast/package-lock.json"), "2");
  codes.push((await start("holdfast/tools/setup.sh")).code);
  const build = "build tools/build-go.ts cluster upstream";
  expect((await readFile(log, "utf8")).trim().split("\n")).toEqual(["npm ci", build, build, "npm ci", build]);
  expect(codes).toEqual([0, 0, 0]);
});

test("setup.sh tries again after an installation that failed", async () => {
  const log = join(folder, "log");
  for (const name of ["git", "go"]) await program(name, "");
  await program("node", "echo 20");
  await program("npm", `echo npm >> '${log}'; mkdir -p node_modules; exit 1`);
  const ran = [await start("holdfast/tools/setup.sh"), await start("holdfast/tools/setup.sh")];
  expect(ran.map(({ code }) => code)).toEqual([1, 1]);
  expect(ran[1]?.err).toContain("npm ci failed");
  expect(await readFile(log, "utf8")).toBe("npm\nnpm\n");
});
