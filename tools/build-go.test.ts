import { execFile } from "node:child_process";
import { chmod, mkdtemp, readdir, readFile, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "build-go-"));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Puts a `go` of our own on the PATH: it notes each build and makes a file where the program would be. */
async function fakeGo(version: string, build = 'sleep 0.3; while [ "$1" != -o ]; do shift; done; echo program > "$2"') {
  const script = `#!/bin/sh
case "$1" in
env) printf '${version}\\nlinux\\namd64\\n' ;;
build) echo built >> '${folder}/builds'; ${build} ;;
esac
`;
  await writeFile(join(folder, "go"), script);
  await chmod(join(folder, "go"), 0o755);
}

function buildGo(path = `${folder}:/usr/bin:/bin`): Promise<{ code: number; err: string }> {
  const env = { PATH: path, XDG_CACHE_HOME: folder };
  return new Promise((resolve) => {
    execFile(process.execPath, [join(import.meta.dirname, "build-go.ts"), "cluster"], { env }, (error, _out, err) =>
      resolve({ code: Number(error?.code ?? 0), err }),
    );
  });
}

async function built(): Promise<string[]> {
  return await readdir(join(folder, "holdfast"));
}

test("build-go.ts builds once, also when called twice at the same time, and then says nothing", async () => {
  await fakeGo("go1.26.1");
  const results = await Promise.all([buildGo(), buildGo()]);
  expect(results.map((result) => result.code)).toEqual([0, 0]);
  expect(results.map((result) => result.err).join("")).toMatch(/building the control plane, about 4 minutes/);
  expect(await readFile(join(folder, "builds"), "utf8")).toBe("built\nbuilt\n");
  const [directory, ...others] = await built();
  expect(others).toEqual([]);
  expect((await readdir(join(folder, "holdfast", directory!))).sort()).toEqual(["controlplane", "kwok"]);
  expect(await buildGo()).toEqual({ code: 0, err: "" });
});

test("build-go.ts builds anew for another Go version", async () => {
  await fakeGo("go1.26.1");
  await buildGo();
  await fakeGo("go1.27.0");
  await buildGo();
  expect(await built()).toHaveLength(2);
});

test("build-go.ts shows the compiler's complaint and leaves nothing half built", async () => {
  await fakeGo("go1.26.1", "echo ./main.go:1:1: expected package >&2; exit 1");
  const result = await buildGo();
  expect(result).toMatchObject({ code: 1, err: expect.stringContaining("./main.go:1:1: expected package") });
  expect(await built()).toEqual([]);
});

test("build-go.ts takes over the lock of a build that was killed", async () => {
  await fakeGo("go1.26.1");
  await buildGo();
  const [directory] = await built();
  await rm(join(folder, "holdfast", directory!), { recursive: true });
  const lock = join(folder, "holdfast", `${directory}.lock`);
  await writeFile(lock, "1\n");
  const minuteAgo = new Date(Date.now() - 60_000);
  await utimes(lock, minuteAgo, minuteAgo);
  expect(await buildGo()).toMatchObject({ code: 0 });
  expect(await built()).toEqual([directory]);
});

test("build-go.ts says what to install when Go is missing or too old", async () => {
  expect(await buildGo("/nonexistent")).toEqual({
    code: 1,
    err: expect.stringMatching(/Cannot find Go: install Go 1.26/),
  });
  await fakeGo("go1.25.9");
  expect(await buildGo()).toEqual({ code: 1, err: expect.stringMatching(/Cannot use go1.25.9: install Go 1.26/) });
});
