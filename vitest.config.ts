import { defineConfig } from "vitest/config";
import { BaseSequencer } from "vitest/node";
import type { TestSpecification } from "vitest/node";
import { patienceMs } from "./test/support/eventually.ts";

// Real servers start and stop in these tests, which wait half of the time: more run at once than there are processors.
const slow = { testTimeout: 300_000, hookTimeout: 300_000, maxWorkers: 3, expect: { poll: { timeout: patienceMs } } };

/** The scenarios with faults take longest: at the end, most of the workers would only wait for them. */
class FaultsFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isFaults = ({ project }: TestSpecification) => project.name === "faults";
    const sorted = await super.sort(files);
    return [...sorted.filter(isFaults), ...sorted.filter((file) => !isFaults(file))];
  }
}

export default defineConfig({
  test: {
    sequence: { sequencer: FaultsFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["src/**/*.test.ts", "tools/**/*.test.ts", "bench/**/*.test.ts"],
          // Nothing is mocked, so that files can share a process, which halves the time.
          isolate: false,
          // Many of these wait for processes of their own.
          maxWorkers: "100%",
          // Properties take their time on a busy machine.
          testTimeout: 30_000,
          expect: { poll: { timeout: 20_000 } },
        },
      },
      { test: { name: "e2e", include: ["test/**/*.test.ts"], exclude: ["test/faults/**"], ...slow } },
      { test: { name: "faults", include: ["test/faults/**/*.test.ts"], ...slow } },
    ],
  },
});
