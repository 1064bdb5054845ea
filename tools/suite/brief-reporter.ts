import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import type { Reporter, TestCase, TestModule, TestSuite, Vitest } from "vitest/node";
import { root } from "./run-command.ts";
import { reportPath } from "./vitest-report.ts";
import type { Failure, VitestReport } from "./vitest-report.ts";

/** What the beginning of an error is told by in a summary. */
const lineLimit = 3;
const columnLimit = 300;

/** Tells of each failure when it happens, of a file in one line when it ends and of nothing else; then writes a report. */
export default class BriefReporter implements Reporter {
  private readonly failures: Failure[] = [];
  private passed = 0;
  private vitest: Vitest | undefined;

  onInit(vitest: Vitest): void {
    this.vitest = vitest;
  }

  onUserConsoleLog({ content }: { readonly content: string }): void {
    process.stdout.write(content);
  }

  onTestCaseResult(test: TestCase): void {
    const { state, errors = [] } = test.result();
    if (state === "passed") this.passed += 1;
    if (state === "failed") this.tell(`${nameOf(test.module)}: ${test.fullName}`, errors);
  }

  onTestSuiteResult(suite: TestSuite): void {
    this.tell(`${nameOf(suite.module)}: before or after ${suite.fullName}`, suite.errors());
  }

  onTestModuleEnd(file: TestModule): void {
    this.tell(`${nameOf(file)}: outside of its tests`, file.errors());
    const seconds = (file.diagnostic().duration / 1000).toFixed(1).padStart(6);
    const outcome = file.ok() ? "ok    " : "FAILED";
    process.stdout.write(
      `${outcome} ${seconds} s    ${nameOf(file)} (${[...file.children.allTests()].length} tests)\n`,
    );
  }

  onTestRunEnd(_files: unknown, strays: readonly unknown[]): void {
    this.tell("outside of all tests", strays);
    const { passed, failures } = this;
    const path = reportPath(this.vitest!.projects.map((project) => project.name));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify({ passed, failures } satisfies VitestReport));
  }

  private tell(title: string, errors: readonly unknown[]): void {
    if (errors.length === 0) return;
    const formatted = errors.map((error) => this.vitest!.logger.formatError(error));
    const [nearest] = formatted.map((one) => one.nearest);
    const place = nearest === undefined ? [] : [`at ${relative(root, nearest.file)}:${nearest.line}`];
    this.failures.push({ title, said: [...beginningOf(errors[0]), ...place] });
    process.stdout.write(`FAILED ${title}\n${formatted.map((one) => one.output).join("\n")}\n`);
  }
}

function nameOf(file: TestModule): string {
  return relative(root, file.moduleId);
}

function beginningOf(error: unknown): readonly string[] {
  const { name = "Error", message = String(error) } = error as { name?: string; message?: string };
  const lines = `${name}: ${message}`.split("\n");
  return lines.slice(0, lineLimit).map((line) => line.slice(0, columnLimit));
}
