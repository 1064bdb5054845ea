import type { Dialect } from "#core/app/dialect.ts";
import { dependencyProblem } from "./dependency.ts";
import { parseGitRepository, revisionOf } from "./parse-git-repository.ts";
import { parseKustomization } from "./parse-kustomization.ts";
import { prepare } from "./prepare.ts";
import { reportGitRepository } from "./report-git-repository.ts";
import { reportKustomization } from "./report-kustomization.ts";
import { restore } from "./restore.ts";
import { rules } from "./rules.ts";

/** Flux's Kustomization and GitRepository. */
export const fluxDialect: Dialect = {
  name: "flux",
  appKinds: [
    {
      group: "kustomize.toolkit.fluxcd.io",
      version: "v1",
      kind: "Kustomization",
      plural: "kustomizations",
      short: "ks",
    },
  ],
  sourceKinds: [
    {
      group: "source.toolkit.fluxcd.io",
      version: "v1",
      kind: "GitRepository",
      plural: "gitrepositories",
      short: "gitrepo",
    },
  ],
  configKinds: [],
  parseApp: parseKustomization,
  terminationOf: () => null,
  parseSource: parseGitRepository,
  revisionOf,
  prepare,
  // oxlint-disable-next-line max-params -- the contract of all dialects
  dependencyProblem: (app, dependency, key, revision) => dependencyProblem(app, dependency, { key, revision }),
  restore,
  reportApp: reportKustomization,
  reportSource: reportGitRepository,
  rules,
};
