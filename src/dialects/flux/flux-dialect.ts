import type { Dialect } from "#core/app/dialect.ts";
import { completeRender } from "./complete-render.ts";
import { dependencyProblem } from "./dependency.ts";
import {
  artifactFile,
  externalArtifact,
  generatorMade,
  generatorManager,
  isMadeBy,
  mayBeMadeBy,
} from "./generated-artifact.ts";
import { appKinds, sourceKinds } from "./kinds.ts";
import { parseSource, revisionOf } from "./parse-source.ts";
import { parseKustomization } from "./parse-kustomization.ts";
import { prepare } from "./prepare.ts";
import { artifactPlace, reportSource } from "./report-source.ts";
import { reportKustomization } from "./report-kustomization.ts";
import { restore } from "./restore.ts";
import { rules } from "./rules.ts";
import { withUserMetadata } from "./user-metadata.ts";

/** Flux's Kustomization and sources. */
export const fluxDialect: Dialect = {
  name: "flux",
  appKinds,
  sourceKinds,
  configKinds: [],
  parseApp: (object, _lookup, settings) => parseKustomization(object, settings),
  completeRender,
  terminationOf: () => null,
  parseSource,
  revisionOf,
  prepare,
  // oxlint-disable-next-line max-params -- the contract of all dialects
  dependencyProblem: (app, dependency, key, revision) => dependencyProblem(app, dependency, { key, revision }),
  restore,
  reportApp: (input) => withUserMetadata(input.object, reportKustomization(input)),
  reportSource: (input) => withUserMetadata(input.object, reportSource(input)),
  artifactPlace,
  generators: {
    manager: generatorManager,
    finalizer: "source.extensions.fluxcd.io/finalizer",
    generator: "ArtifactGenerator",
    kind: sourceKinds.find(({ kind }) => kind === "ExternalArtifact")!,
    objectOf: externalArtifact,
    pathOf: ({ metadata }, output) =>
      `externalartifact/${metadata.namespace ?? ""}/${output.name}/${artifactFile(output)}`,
    isOwn: isMadeBy,
    mayTake: mayBeMadeBy,
    madeNames: (generator) => generatorMade(generator).map(({ name }) => name),
  },
  rules,
};
