/** One thing that `make check` looks at. */
export interface CheckStep {
  readonly name: string;
  /** What Node runs. */
  readonly args: readonly string[];
  /** What to do when it fails, in a few words. */
  readonly remedy: string;
}

const bin = "node_modules/.bin";

/** Everything that `make check` looks at besides the unit tests. */
export const checkSteps: readonly CheckStep[] = [
  { name: "types", args: [`${bin}/tsc`, "--project", "tsconfig.json"], remedy: "mend what it names" },
  {
    name: "types of pure code",
    args: [`${bin}/tsc`, "--project", "src/core/tsconfig.json"],
    remedy: "src/core has neither Node's nor the browser's types",
  },
  { name: "lint", args: [`${bin}/oxlint`, "--format=unix"], remedy: '"make fix" repairs some of it' },
  {
    name: "format",
    args: [`${bin}/prettier`, "--check", "--log-level=warn", "--cache", "--cache-location=.build/prettier", "."],
    remedy: 'run "make fix"',
  },
  { name: "imports", args: ["tools/check-imports.ts"], remedy: "the table is in tools/imports/import-rules.ts" },
  { name: "dead code", args: [`${bin}/knip`, "--no-progress"], remedy: "remove it, or use it" },
  { name: "generated definitions", args: ["tools/generate-crds.ts", "--check"], remedy: 'run "make fix"' },
  { name: "install manifest", args: ["tools/generate-install.ts", "--check"], remedy: 'run "make fix"' },
  { name: "compatibility", args: ["tools/generate-compatibility.ts", "--check"], remedy: 'run "make fix"' },
  { name: "documents", args: ["tools/check-docs.ts"], remedy: "mend what it names" },
  { name: "Go code", args: ["tools/check-go.ts"], remedy: '"make fix" formats it' },
];
