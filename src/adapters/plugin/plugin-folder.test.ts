import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { memoryTree } from "#core/source/memory-tree.ts";
import { type Service, startService } from "#test/support/service.ts";
import { PluginFolder, type PluginRequest } from "./plugin-folder.ts";

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const { signal } = new AbortController();
const tree = memoryTree({
  "app/plugin.txt": "from the app",
  "app/sub/deep.tpl": "deep",
  "lib/shared.txt": "from the library",
  [`lib/${"long/".repeat(30)}x`]: "far down",
});
const env = [
  { name: "ARGOCD_APP_NAME", value: "shop" },
  { name: "ARGOCD_ENV_WHO", value: "ada & co" },
];

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "holdfast-plugins-"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const request = (name: string | null): PluginRequest => ({ tree, path: "app", name, env });
const render = (name: string | null) => new PluginFolder(folder).render(request(name), signal);
const failure = (name: string | null) =>
  render(name).then(
    () => "no failure",
    (error: Error) => error.message,
  );

describe("PluginFolder with sidecars", () => {
  const services: Service[] = [];
  const start = async (name: string, settings: { generate?: string; discover?: string }) => {
    services.push(await startService("cmp", { socket: join(folder, `${name}.sock`), ...settings }));
  };
  beforeAll(async () => {
    const says =
      'echo "said: $ARGOCD_APP_NAME $ARGOCD_ENV_WHO $(cat plugin.txt) $(cat ../lib/shared.txt) $(cat ../lib/long/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/*/x)"';
    await start("plain", { generate: says });
    await start("finds", { generate: "echo 'by: discovery'", discover: "plugin.*" });
    await start("others", { generate: "exit 1", discover: "Chart.yaml" });
    await start("fails", { generate: "echo 'it is broken' >&2; exit 3" });
    await start("much", { generate: "head -c 70000000 /dev/zero" });
    await start("much-text", { generate: "head -c 2500000 /dev/zero | tr '\\0' 'x'" });
  });
  afterAll(() => Promise.all(services.map((service) => service.stop())));

  test("gives the named one the whole repository and the environment", async () => {
    expect(await render("plain")).toEqual(["said: shop ada & co from the app from the library far down\n"]);
  });

  test("takes the one whose discovery finds the files where none is named", async () => {
    expect(await render(null)).toEqual(["by: discovery\n"]);
  });

  test("takes no plugin where none says that the files are for it", async () => {
    const other = { ...request(null), tree: memoryTree({ "app/x": "y" }) };
    expect(await new PluginFolder(folder).render(other, signal)).toBeNull();
  });

  test("takes answers of some size", async () => {
    expect((await render("much-text"))?.[0]).toHaveLength(2_500_000);
  });

  test("tells by name what fails, and why", async () => {
    expect(await failure("fails")).toBe("plugin fails: error generating manifests: exit status 3: it is broken");
    expect(await failure("others")).toBe(
      `couldn't find cmp-server plugin with name "others" supporting the given repository: its discovery does not find them`,
    );
    expect(await failure("none")).toContain("there is no none.sock and no document of that name");
    expect(await failure("much")).toMatch(/^plugin much: (prints more than the allowed 64 MiB|.*larger than max)/);
  });

  test("tells one that listens no more, also where it might have been the one", async () => {
    const gone = join(folder, "gone.sock");
    await writeFile(gone, "");
    expect(await failure("gone")).toMatch(/^plugin gone: cannot be reached: /);
    await rm(gone);
  });

  test("gives up one that answers nothing", async () => {
    const socket = join(folder, "silent.sock");
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(socket, resolve));
    const started = Date.now();
    expect(await failure("silent")).toBe("plugin silent: takes longer than 5 s");
    expect(Date.now() - started).toBeLessThan(10_000);
    const scope = new AbortController();
    const pending = new PluginFolder(folder).render(request("silent"), scope.signal);
    scope.abort(new Error("over"));
    await expect(pending).rejects.toThrow("over");
    silent.close();
    await rm(socket, { force: true });
  });

  test("refuses a repository that is too large to be packed", async () => {
    const content = new Uint8Array(9 * 2 ** 20);
    const large = memoryTree(Object.fromEntries(Array.from({ length: 30 }, (_, at) => [`app/${at}`, content])));
    const work = new PluginFolder(folder).render({ ...request("plain"), tree: large }, signal);
    await expect(work).rejects.toThrow(
      "plugin plain: the repository has more than the 256 MiB that a plugin may be given",
    );
  });
});

describe("PluginFolder with commands", () => {
  let commands: string;
  beforeEach(async () => {
    commands = await mkdtemp(join(tmpdir(), "holdfast-commands-"));
    return () => rm(commands, { recursive: true, force: true });
  });
  const declare = (spec: string, name = "own") =>
    writeFile(
      join(commands, `${name}.yaml`),
      `apiVersion: argoproj.io/v1alpha1\nkind: ConfigManagementPlugin\nmetadata: {name: ${name}}\nspec:\n${spec}`,
    );
  const run = (name: string | null) => new PluginFolder(commands).render(request(name), signal);
  const refusal = (name: string | null) =>
    run(name).then(
      () => "no failure",
      (error: Error) => error.message,
    );
  const shell = (text: string) => `{command: [sh, -c], args: [${JSON.stringify(text)}]}`;

  test("runs init and generate in a copy of the files, with its own environment alone", async () => {
    process.env["HOLDFAST_TEST_CANARY"] = "canary";
    await declare(`  init: ${shell("cp ../lib/shared.txt made")}\n  generate: ${shell("cat made; echo; pwd; env")}\n`);
    const [text = ""] = (await run("own")) ?? [];
    expect(text).toContain("from the library");
    expect(text).toContain("ARGOCD_ENV_WHO=ada & co");
    expect(text).not.toContain("canary");
    const place = /^(\/.*)\/files\/app$/m.exec(text)?.[1] ?? "";
    expect(place).not.toBe("");
    await expect(readdir(place)).rejects.toThrow("ENOENT");
  });

  test("may run programs of the repository, which stay executable", async () => {
    await declare(
      "  preserveFileMode: true\n  parameters: {static: [{name: size}]}\n  generate: {command: [../bin/make]}\n",
    );
    const plain = memoryTree({ "app/plugin.txt": "x", "bin/make": "#!/bin/sh\necho made by its own program\n" });
    const isProgram = (path: string) => path === "bin/make" && { executable: true };
    const own = { ...plain, entry: (path: string) => ({ ...plain.entry(path)!, ...isProgram(path) }) };
    const work = new PluginFolder(commands).render({ ...request("own"), tree: own }, signal);
    expect(await work).toEqual(["made by its own program\n"]);
  });

  test("is known by its version, and finds files by name, by pattern or by a command", async () => {
    const generate = `  generate: ${shell("echo made")}\n`;
    for (const discover of [
      "{fileName: 'plugin.*'}",
      "{find: {glob: '**/*.tpl'}}",
      "{find: {command: [ls, plugin.txt]}}",
    ]) {
      await declare(`  version: v1\n  discover: ${discover}\n${generate}`);
      expect(await run(null)).toEqual(["made\n"]);
      expect(await run("own-v1")).toEqual(["made\n"]);
    }
    await declare(`  discover: {fileName: 'deep.tpl'}\n${generate}`);
    expect(await run(null)).toBeNull();
  });

  const broken: [string, string, string][] = [
    ["a command that fails", `  generate: ${shell("echo why >&2; exit 4")}\n`, "failed exit status 4: why"],
    ["no program", "  generate: {command: [no-such-program]}\n", "failed exit status 127"],
    ["endless output", "  generate: {command: [yes]}\n", "plugin own: yes prints more than 64 MiB"],
    ["no command", "  init: {command: [ls]}\n", "own.yaml: spec.generate is missing"],
    ["words that are none", "  generate: {command: [1]}\n", "own.yaml: spec.generate.command is no list of words"],
    [
      "credentials",
      "  provideGitCreds: true\n  generate: {command: [ls]}\n",
      "own.yaml: spec.provideGitCreds is not supported",
    ],
    ["broken YAML", "  generate: {command: [ls\n", "own.yaml: "],
  ];
  for (const [name, spec, want] of broken) {
    test(`tells ${name}`, async () => {
      await declare(spec);
      expect(await refusal("own")).toContain(want);
    });
  }

  test("ends what a command leaves running", async () => {
    await declare(`  generate: ${shell("sleep 300 & echo $!")}\n`);
    const pid = Number((await run("own"))?.[0]);
    await expect.poll(() => isRunning(pid)).toBe(false);
  });

  test("ends with who asks", async () => {
    await declare(`  generate: ${shell("sleep 300")}\n`);
    const scope = new AbortController();
    const pending = new PluginFolder(commands).render(request("own"), scope.signal);
    setTimeout(() => scope.abort(new Error("over")), 200);
    await expect(pending).rejects.toThrow("over");
  });
});

/** One that nobody waits for stays in the list of processes. */
async function isRunning(pid: number): Promise<boolean> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => null);
  return stat !== null && !/\) [ZX] /.test(stat);
}
