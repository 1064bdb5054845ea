import { describe, expect, test } from "vitest";
import { chartPlace, type FoundChart } from "./chart-place.ts";
import { memoryTree } from "./memory-tree.ts";
import type { MemoryFile } from "./memory-tree.ts";

describe("chartPlace() finds", () => {
  const cases: { name: string; files: Record<string, MemoryFile>; path: string; want: FoundChart }[] = [
    {
      name: "a folder with a Chart.yaml",
      files: { "charts/app/Chart.yaml": "" },
      path: "./charts/app/",
      want: { kind: "folder", path: "charts/app" },
    },
    {
      name: "the root when Chart.yaml is there",
      files: { "Chart.yaml": "", "charts/redis-1.tgz": "", "docs/x": "" },
      path: "",
      want: { kind: "folder", path: "" },
    },
    {
      name: "the only folder, as an unpacked chart comes",
      files: { "app/Chart.yaml": "", "app/templates/x.yaml": "" },
      path: "",
      want: { kind: "folder", path: "app" },
    },
    {
      name: "the one packed file",
      files: { "chart.tgz": "", "README.md": "" },
      path: "",
      want: { kind: "archive", file: "chart.tgz" },
    },
    {
      name: "a layer that was copied",
      files: { layer: "" },
      path: "",
      want: { kind: "archive", file: "layer" },
    },
    {
      name: "a packed file that is named",
      files: { "dist/a-1.0.0.tgz": "", "dist/b-1.0.0.tar.gz": "" },
      path: "dist/b-1.0.0.tar.gz",
      want: { kind: "archive", file: "dist/b-1.0.0.tar.gz" },
    },
    {
      name: "what a link may lead to",
      files: { app: { link: "charts/app" }, "charts/app/Chart.yaml": "" },
      path: "app",
      want: { kind: "folder", path: "app" },
    },
    {
      name: "what lies behind a link",
      files: { now: { link: "v1" }, "v1/app/Chart.yaml": "" },
      path: "now/app",
      want: { kind: "folder", path: "now/app" },
    },
    {
      name: "nothing above the root",
      files: { "app/Chart.yaml": "" },
      path: "../../app",
      want: { kind: "folder", path: "app" },
    },
  ];
  for (const { name, files, path, want } of cases) {
    test(name, () => expect(chartPlace(memoryTree(files), path)).toEqual(want));
  }
});

describe("chartPlace() says", () => {
  const cases: { name: string; files: Record<string, MemoryFile>; path: string; problem: string }[] = [
    { name: "that nothing is there", files: { a: "" }, path: "./nowhere", problem: 'there is no "./nowhere"' },
    {
      name: "that a file is no chart",
      files: { "a.yaml": "" },
      path: "a.yaml",
      problem: '"a.yaml" is neither a folder nor a packed chart (.tgz, .tar.gz)',
    },
    {
      name: "that a folder is none",
      files: { "deploy/x.yaml": "" },
      path: "deploy",
      problem: '"deploy" has neither a Chart.yaml nor one packed chart (.tgz, .tar.gz)',
    },
    {
      name: "which of several folders may be meant",
      files: { "a/Chart.yaml": "", "b/Chart.yaml": "", "c/x": "" },
      path: "",
      problem: 'the source has neither a Chart.yaml nor one packed chart (.tgz, .tar.gz); charts are in "a", "b"',
    },
    {
      name: "that one of several packed charts must be named",
      files: { "a.tgz": "", "b.tgz": "" },
      path: "",
      problem: 'the source has several packed charts ("a.tgz", "b.tgz"), of which one must be named',
    },
    {
      name: "nothing of a Chart.yaml that is a folder",
      files: { "a/Chart.yaml/x": "" },
      path: "a",
      problem: '"a" has neither a Chart.yaml nor one packed chart (.tgz, .tar.gz)',
    },
  ];
  for (const { name, files, path, problem } of cases) {
    test(name, () => expect(chartPlace(memoryTree(files), path)).toEqual({ kind: "none", problem }));
  }
});
