import { join } from "node:path";
import { root } from "./run-command.ts";

/** A test that failed, or something around tests, and the beginning of what it said. */
export interface Failure {
  readonly title: string;
  readonly said: readonly string[];
}

/** What our reporter writes about a run. */
export interface VitestReport {
  readonly passed: number;
  readonly failures: readonly Failure[];
}

/** Where the report about projects of vitest.config.ts is written. */
export function reportPath(projects: readonly string[]): string {
  return join(root, ".build/tests", `${projects.toSorted().join("-")}.json`);
}
