import { execFile, spawn } from "node:child_process";
import { cp, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { temporaryDirectory } from "./support/control-plane.ts";
import { eventually } from "./support/eventually.ts";

const run = promisify(execFile);
const root = join(import.meta.dirname, "..");
let directory: string;

beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

interface Demonstration {
  readonly code: number | null;
  readonly output: string;
  /** Processes that it left behind. */
  readonly left: readonly string[];
  /** Clusters that it left behind. */
  readonly clusters: readonly string[];
}

/** Plays the demonstration; `onOutput` sees everything told so far whenever there is more, and the folder of its state. */
async function play(
  name: string,
  env: NodeJS.ProcessEnv = {},
  onOutput: (output: string, state: string) => void = () => {},
): Promise<Demonstration> {
  const state = join(directory, name);
  const child = spawn(process.execPath, [join(root, "src/main/demo.ts")], {
    env: { ...process.env, CI: "true", XDG_STATE_HOME: state, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      onOutput(output, state);
    });
  }
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  const clusters = await readdir(join(state, "holdfast/clusters"));
  return { code, output, left: await processesOf(state), clusters };
}

async function processesOf(state: string): Promise<string[]> {
  const { stdout } = await run("ps", ["-eo", "pid,stat,args"]);
  return stdout.split("\n").filter((line) => line.includes(state) && !/^ *\d+ Z/.test(line));
}

async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ["-c", "user.name=A", "-c", "user.email=a@example.com"];
  return (await run("git", [...identity, ...args], { cwd })).stdout.trim();
}

// The one that fails waits half a minute for what does not happen, beside the others.
describe.concurrent("the demonstration", { timeout: 240_000 }, () => {
  test("plays every act and leaves nothing behind", async () => {
    const { code, output, left, clusters } = await play("examples");
    expect(output).toContain("\n7  A commit would delete everything");
    expect(output).toContain("All of it was checked against the API server");
    expect({ code, left, clusters }).toEqual({ code: 0, left: [], clusters: [] });
  });

  test("plays on a person's own repository without writing to it", async () => {
    const repository = join(directory, "own-repository");
    await mkdir(repository);
    await git(repository, "init", "--quiet", "--initial-branch=trunk");
    await cp(join(root, "examples/repository/apps/notes"), join(repository, "deploy/notes"), { recursive: true });
    await git(repository, "add", "--all");
    await git(repository, "commit", "--quiet", "--message=One");
    const before = await git(repository, "for-each-ref");
    const { code, output, left } = await play("own", { REPO: repository, PATH_IN_REPO: "deploy/notes" });
    expect(output).toContain("\n4  A commit would delete everything");
    expect({ code, left }).toEqual({ code: 0, left: [] });
    expect(await git(repository, "for-each-ref")).toBe(before);
    expect(await git(repository, "status", "--porcelain")).toBe("");
  });

  test("fails when an act does not happen, and keeps the logs", async () => {
    const frozen: Promise<void>[] = [];
    const { code, output, left, clusters } = await play("frozen", {}, (told, state) => {
      if (frozen.length === 0 && told.includes("the controller runs")) frozen.push(freezeController(state));
    });
    await Promise.all(frozen);
    expect(output).toMatch(/✗ Cannot go on: (ks\/shop|app\/notes) done with [0-9a-f]{7} was not seen within 30 s/);
    expect(output).toContain(`Logs: ${join(directory, "frozen")}`);
    expect({ code, left, clusters }).toEqual({ code: 1, left: [], clusters: ["demo"] });
  });

  test("says which folders there are when the one that is named is not", async () => {
    const { code, output } = await play("nowhere", { REPO: root, PATH_IN_REPO: "nowhere" });
    expect(output).toMatch(/✗ Cannot find the folder "nowhere" in .*: its folders are /);
    expect(code).toBe(1);
  });
});

async function freezeController(state: string): Promise<void> {
  const line = await eventually("the controller", async () =>
    (await processesOf(state)).find((one) => one.includes(" controller ")),
  );
  process.kill(Number.parseInt(line, 10), "SIGSTOP");
}
