import { defineConfig } from "vitest/config";

// Real servers start and stop in these tests.
const slow = { testTimeout: 120_000, hookTimeout: 120_000 };

export default defineConfig({
  test: {
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
        },
      },
      // Half of the time they wait.
      { test: { name: "e2e", include: ["test/**/*.test.ts"], exclude: ["test/faults/**"], maxWorkers: 2, ...slow } },
      // These mostly wait, so that more of them run at once than there are processors.
      { test: { name: "faults", include: ["test/faults/**/*.test.ts"], maxWorkers: 4, ...slow } },
    ],
  },
});
