import { execFile } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "vitest";
import { type Ended, runCli } from "./cli-program.ts";
import { officialTool } from "./official-tool.ts";

const run = promisify(execFile);

/** A block of code of a page, and the heading that it stands under. */
interface Block {
  readonly heading: string;
  readonly language: string;
  readonly text: string;
}

/** A page of documentation whose commands are run as a person would run them, each of them once. */
export class Runbook {
  /** Programs `holdfast` and `kubectl`, a person's home and cluster. */
  readonly environment: NodeJS.ProcessEnv;
  readonly home: string;
  /** Where commands run. */
  directory: string;
  #blocks: readonly Block[];
  /** Commands that the page names in passing. */
  readonly #named: readonly string[];
  readonly #done: string[] = [];

  private constructor(text: string, environment: NodeJS.ProcessEnv, home: string) {
    this.#blocks = blocksOf(text);
    const prose = text.replaceAll(/^```.*?^```/gms, "");
    this.#named = [...prose.matchAll(/`((?:holdfast|kubectl|git) [^`]+)`/g)].map(([, command = ""]) => command);
    this.environment = environment;
    this.home = home;
    this.directory = home;
  }

  /** Reads a page of `docs/` for a person with an empty home. */
  static async of(page: string, person: { readonly home: string; readonly kubeconfig: string }): Promise<Runbook> {
    const { home, kubeconfig } = person;
    const text = await readFile(new URL(`../../docs/${page}`, import.meta.url), "utf8");
    await writeFile(join(home, ".gitconfig"), "[user]\n name = Ada\n email = ada@example.com\n");
    const programs = join(home, "programs");
    await mkdir(programs);
    const cli = new URL("../../src/main/cli.ts", import.meta.url).pathname;
    const tools = { holdfast: `"${process.execPath}" "${cli}"`, kubectl: `"${await officialTool("kubectl")}"` };
    for (const [name, program] of Object.entries(tools)) {
      await writeFile(join(programs, name), `#!/bin/sh\nexec ${program} "$@"\n`);
      await chmod(join(programs, name), 0o755);
    }
    const { PATH = "", HOME = "" } = process.env;
    const cache = process.env["XDG_CACHE_HOME"] ?? join(HOME, ".cache");
    const environment = {
      PATH: `${programs}:${PATH}`,
      HOME: home,
      XDG_CACHE_HOME: cache,
      KUBECONFIG: kubeconfig,
      TMPDIR: home,
    };
    return new Runbook(text, environment, home);
  }

  /** Clones a repository; commands run there from now on. */
  async clone(url: string): Promise<void> {
    const clone = join(this.home, "fleet");
    await run("git", ["clone", "--quiet", url, clone], { env: this.environment });
    this.directory = clone;
  }

  /** Runs a command that the page does not name. */
  holdfast(...args: string[]): Promise<Ended> {
    return runCli({ home: this.home, kubeconfig: this.environment["KUBECONFIG"] ?? "" }, args);
  }

  git(...args: string[]): Promise<unknown> {
    return run("git", args, { cwd: this.directory, env: this.environment });
  }

  /** Runs the next blocks of a section as a person would: all that are left, all but some, or only some. */
  async step(heading: string, options: { but?: number; only?: number } = {}): Promise<string> {
    const left = this.#blocks.filter((block) => block.heading === heading && block.language === "sh");
    expect(left, `commands under ${heading}`).not.toEqual([]);
    const chosen = left.slice(0, options.only ?? left.length - (options.but ?? 0));
    let out = "";
    for (const block of chosen) {
      this.#blocks = this.#blocks.filter((one) => one !== block);
      this.#done.push(...block.text.trim().split("\n"));
      const where = { cwd: this.directory, env: this.environment, timeout: 120_000 };
      const ran = await run("sh", ["-e", "-c", block.text], where);
      out += ran.stdout + ran.stderr;
    }
    return out;
  }

  /** Takes the text of a file out of the page. */
  taken(heading: string, language: string): string {
    const found = this.#blocks.find((block) => block.heading === heading && block.language === language);
    this.#blocks = this.#blocks.filter((block) => block !== found);
    return found?.text ?? "";
  }

  /** What of the page was not done. */
  left(): readonly string[] {
    const named = this.#named.filter((command) => !this.#done.includes(command));
    return [...this.#blocks.map(({ text }) => text), ...named];
  }
}

function blocksOf(text: string): Block[] {
  return text.split(/^## /m).flatMap((section) => {
    const heading = section.split("\n")[0] ?? "";
    const found = [...section.matchAll(/^```(\w+)\n(.*?)^```/gms)];
    return found.map(([, language = "", code = ""]) => ({ heading, language, text: code }));
  });
}
