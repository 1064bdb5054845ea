import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";

// Each test starts a program.
vi.setConfig({ testTimeout: 30_000 });

const program = new URL("cli.ts", import.meta.url).pathname;
let folder: string;
beforeAll(async () => (folder = await mkdtemp(join(tmpdir(), "holdfast-eval-"))));
afterAll(() => rm(folder, { recursive: true, force: true }));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function holdfast(args: readonly string[], { input = "", variables = {} } = {}): Promise<Ended> {
  const { HOME, XDG_CACHE_HOME, PATH, HOLDFAST_UPSTREAM } = process.env;
  const env = { HOME, XDG_CACHE_HOME, PATH, HOLDFAST_UPSTREAM, ...variables };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, [program, "eval", ...args], { env, timeout: 30_000 }, (error, out, err) =>
      resolve({ code: error ? Number(error.code ?? 1) : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}

async function files(name: string, contents: Record<string, string>): Promise<string> {
  for (const [path, content] of Object.entries(contents)) {
    await mkdir(dirname(join(folder, name, path)), { recursive: true });
    await writeFile(join(folder, name, path), content);
  }
  return join(folder, name);
}

describe("eval envsubst", () => {
  test("prints standard input with the variables of the environment", async () => {
    const input = "size: ${SIZE}\nzone: ${ZONE:-a}\nnone: <${NONE}>\n$${SIZE}";
    const ended = await holdfast(["envsubst"], { input, variables: { SIZE: "3" } });
    expect(ended).toEqual({ code: 0, out: "size: 3\nzone: a\nnone: <>\n${SIZE}", err: "" });
  });

  test("strictly, refuses a variable without value by line, and prints nothing", async () => {
    const ended = await holdfast(["envsubst", "--strict"], {
      input: "a: ${SIZE}\nb: ${NONE}\n",
      variables: { SIZE: "canary" },
    });
    expect(ended).toMatchObject({ code: 1, out: "" });
    expect(ended.err).toContain('standard input:2: variable not set (strict mode): "NONE"');
    expect(ended.err).not.toContain("canary");
  });
});

describe("eval sourceignore", () => {
  test("prints what the default rules leave", async () => {
    const directory = await files("plain", { "b/x.yaml": "", "a.png": "", ".sops.yaml": "", ".gitignore": "", z: "" });
    await symlink("z", join(directory, "link"));
    expect(await holdfast(["sourceignore", directory])).toEqual({ code: 0, out: "b/x.yaml\nlink\nz\n", err: "" });
  });

  test("prints what the directory's own rules leave instead", async () => {
    const directory = await files("own", {
      ".sourceignore": "/*\n!/deploy\n",
      "deploy/.sourceignore": "*.md\n",
      "deploy/a.png": "",
      "deploy/notes.md": "",
      "other/x.yaml": "",
    });
    const { out } = await holdfast(["sourceignore", directory]);
    expect(out).toBe("deploy/.sourceignore\ndeploy/a.png\n");
  });

  test("refuses what is no directory", async () => {
    expect(await holdfast(["sourceignore", join(folder, "none")])).toMatchObject({ code: 4, out: "" });
  });
});
