import { execFile } from "node:child_process";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { beforeEach, describe, expect, test } from "vitest";
import { configMap, type FaultApp } from "./faults/fault-app.ts";
import { useFaultWorld } from "./faults/fault-world.ts";
import { eventually } from "./support/eventually.ts";
import { useOf } from "./support/process-use.ts";

const world = useFaultWorld();
const MAY_TAKE_S = 5;
const TOLD_WITHIN_MS = 90_000;
const MAY_USE_MIB = 256;
let controller = 0;

/** Nothing that tests load counts, so that the controller has a process of its own. */
beforeEach(async () => {
  controller = (await world().startProcess()).pid;
});

/** Not in this process's own time: the controller's requests pass through here, those for its lease among them. */
async function gitIn(repository: string, input: string, ...args: string[]): Promise<string> {
  const running = promisify(execFile)("git", args, { cwd: world().git.path(repository), maxBuffer: 2 ** 26 });
  // Commands that read nothing may have ended by now.
  running.child.stdin?.on("error", () => {}).end(input);
  return (await running).stdout.trim();
}

const row = (mode: string, type: string, digest: string, name: string) => `${mode} ${type} ${digest}\t${name}\n`;

/** Commits a tree that has one more entry at its root. */
async function commitBeside(app: FaultApp, entry: string): Promise<string> {
  const root = await gitIn(app.repository, "", "ls-tree", "main");
  const tree = await gitIn(app.repository, `${root}\n${entry}`, "mktree");
  const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
  const commit = await gitIn(app.repository, "", ...identity, "commit-tree", "-p", "main", "-m", "much", tree);
  await gitIn(app.repository, "", "update-ref", "refs/heads/main", commit);
  return commit;
}

/** A folder that holds itself as a list of a thousand folders of a thousand files, all of them the same. */
async function millionFiles(app: FaultApp): Promise<string> {
  const names = Array.from({ length: 1_000 }, (_, index) => `n${index}`);
  const blob = await gitIn(app.repository, configMap("same", "1"), "hash-object", "-w", "--stdin");
  const files = await gitIn(
    app.repository,
    names.map((name) => row("100644", "blob", blob, `${name}.yaml`)).join(""),
    "mktree",
  );
  const folders = await gitIn(
    app.repository,
    names.map((name) => row("040000", "tree", files, name)).join(""),
    "mktree",
  );
  return commitBeside(app, row("040000", "tree", folders, "many"));
}

/** A file of a gigabyte of nothing, which is small on the way. */
async function gigabyte(app: FaultApp): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-huge-"));
  try {
    const path = join(directory, "huge");
    const file = await open(path, "w");
    await file.truncate(2 ** 30);
    await file.close();
    const blob = await gitIn(app.repository, "", "-c", "core.compression=1", "hash-object", "-w", "--no-filters", path);
    const old = await gitIn(app.repository, "", "ls-tree", "main:app");
    const folder = await gitIn(app.repository, `${old}\n${row("100644", "blob", blob, "huge.yaml")}`, "mktree");
    const identity = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
    const tree = await gitIn(app.repository, row("040000", "tree", folder, "app"), "mktree");
    const commit = await gitIn(app.repository, "", ...identity, "commit-tree", "-p", "main", "-m", "huge", tree);
    await gitIn(app.repository, "", "update-ref", "refs/heads/main", commit);
    // What is packed already is sent as it is.
    await gitIn(app.repository, "", "-c", "core.compression=1", "repack", "-adq");
    return commit;
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

const levels = "abcdefghij".split("");
/** Ten to the power of nine strings, once its aliases are written out. */
const bomb = levels
  .map((key, index) => {
    const part = index === 0 ? "x" : `*${levels[index - 1]}`;
    return `  ${key}: &${key} [${Array(9).fill(part).join(", ")}]\n`;
  })
  .join("");

interface TooMuch {
  readonly name: string;
  readonly push: (app: FaultApp) => Promise<void>;
  readonly says: RegExp;
}

const cases: TooMuch[] = [
  {
    name: "a file of a gigabyte",
    push: async (app) => {
      app.head = await gigabyte(app);
      await app.poke();
    },
    says: /app\/huge\.yaml"?: .*(larger than|MiB, more than)/,
  },
  {
    name: "a million files",
    push: async (app) => {
      app.head = await millionFiles(app);
      await app.poke();
    },
    says: /more than \d+ files and directories, too many from "many\//,
  },
  {
    name: "aliases that would become a billion strings",
    push: (app) => app.push({ "app/bomb.yaml": `${configMap("bomb", "1")}bomb:\n${bomb}` }),
    says: /app\/bomb\.yaml.*alias/,
  },
  {
    name: "a hundred thousand levels",
    push: (app) => app.push({ "app/deep.yaml": `${configMap("deep", "1")}deep: ${"[".repeat(100_000)}` }),
    says: /app\/deep\.yaml/,
  },
];

describe.each(["flux", "argocd"] as const)(
  "%s: too much is refused soon, with little memory and by its path:",
  (dialect) => {
    test.each(cases)("$name", async ({ push, says }) => {
      const app = await world().appOf(dialect, { objects: 2 });
      await app.converged();
      const before = await app.uids();
      await push(app);
      const { workedS, peakMib } = await useOf(controller, async () => {
        try {
          await eventually("the status names it", async () => says.test(await toldBy(app)), TOLD_WITHIN_MS);
        } catch (error) {
          throw new Error(`${(error as Error).message}: ${await toldBy(app)}`, { cause: error });
        }
      });
      if (process.env["HOLDFAST_TEST_LOG"]) console.log(dialect, workedS, "s", peakMib, "MiB");
      expect(workedS).toBeLessThan(MAY_TAKE_S);
      expect(peakMib).toBeGreaterThan(30);
      expect(peakMib).toBeLessThan(MAY_USE_MIB);
      expect(await app.uids()).toEqual(before);
      await app.checkInvariants();
    });
  },
);

async function toldBy(app: FaultApp): Promise<string> {
  if (app.dialect.name !== "flux") return app.messages();
  const ref = { ...app.dialect.app, apiVersion: "source.toolkit.fluxcd.io/v1", kind: "GitRepository" };
  const source = await world().client.get(ref, { signal: new AbortController().signal });
  const { conditions = [] } = (source?.["status"] ?? {}) as { conditions?: { message?: string }[] };
  return `${await app.messages()}\n${conditions.map(({ message }) => message).join("\n")}`;
}
