import { missing, type Row } from "./row.ts";

const artifacts = "test/flux/artifacts.test.ts";
const external = "test/flux/external-artifact.test.ts";
const generator = "test/flux/artifact-generator.test.ts";
const source = "test/flux/source.test.ts";

/** What the statuses of all sources tell of for others. */
export const servedArtifact: Row = {
  part: "Every kind",
  what: "`status.artifact` and its file",
  note: "there is something to download with `--storage-addr` only",
  tests: [
    `${source}: a branch that is followed says so in the words of Flux`,
    `${artifacts}: what a GitRepository has is served as a tar.gz of what no rule hides, and the last two stay`,
    `${artifacts}: a chart is served as it is packed, and an index as its file`,
    `${artifacts}: what is served is not made again after a restart, and what was lost is the same bytes`,
  ],
};

/** What people rely on of artifacts that are no source's of Flux's own. */
export const artifactRows: readonly Row[] = [
  {
    part: "ExternalArtifact",
    what: "`status.artifact` of other controllers",
    tests: [
      `${external}: what somebody else made is applied, and the next artifact is at once`,
      `${external}: what is not what it is said to be is told of by the app, which keeps and heals what it had`,
      `${external}: without an artifact an app waits in the words of Flux, and begins when there is one`,
    ],
  },
  {
    part: "ExternalArtifact",
    what: "`sourceRef` of a Kustomization, `chartRef` of a HelmRelease",
    tests: [
      `${external}: what somebody else made is applied, and the next artifact is at once`,
      `${external}: a release takes its chart from one`,
    ],
  },
  {
    part: "ArtifactGenerator",
    what: "`sources`, `artifacts[].copy`, strategies, `exclude`, `revision`",
    tests: [
      `${generator}: sources are put together: later files win, YAML is merged, archives are unpacked, and the rest is left out`,
      "src/core/source/generator/copied-tree.test.ts: contents are not read unless they are merged or unpacked",
    ],
  },
  {
    part: "ArtifactGenerator",
    what: "content digests, `originRevision`, `commonMetadata`, inventory, finalizer",
    note: "an ExternalArtifact of somebody else is not taken over",
    tests: [
      `${generator}: a repository is taken apart: a change of one folder wakes its app alone, and what is not made any more goes`,
      `${generator}: an object of somebody else is not taken, and a failure leaves what was made`,
    ],
  },
  {
    part: "ArtifactGenerator",
    what: "`pathPattern`",
    tests: [`${generator}: folders are found by a pattern, and come and go with the repository`],
  },
  {
    part: "ArtifactGenerator",
    what: "`source.extensions.fluxcd.io/reconcile`",
    tests: [`${generator}: after a restart nothing is written, also where it is suspended, and apps go on`],
  },
  missing(
    "ArtifactGenerator",
    "`namespaces`, `serviceAccountName`, `artifacts[].namespace`, `inputsFrom`, `copy[].optional`",
    "refused: upstream has not released them",
  ),
];
