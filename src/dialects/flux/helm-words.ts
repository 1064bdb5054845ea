import { fieldAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { chartSourcePath, mergedFiles } from "./parse-helm-chart.ts";
import { packedChartName } from "#core/source/helm-ref.ts";
import type { Revision } from "#core/source/source.ts";
import { publicUrl } from "./public-url.ts";
import { type SourceWords, unverified } from "./source-phrases.ts";

/** What statuses and events say of a HelmRepository. */
export const helmRepositoryWords: SourceWords = {
  stored: ({ text }) => `stored artifact: revision '${text}'`,
  news: (_revision, object) => `stored fetched index from '${publicUrl(object)}'`,
  failure: ({ message }) => ({ reason: "Failed", message: `failed to fetch Helm repository index: ${message}` }),
  digest: ({ commit }) => commit,
  served: () => "index.yaml",
  file: ({ commit }) => `index-${commit.replace(/^sha256:/, "")}.yaml`,
  observed: {},
};

/** What statuses and events say of a HelmChart. */
export const helmChartWords: SourceWords = {
  stored: summary,
  news: summary,
  readyReason: (object, revision) => (isPacked(object, revision) ? "ChartPackageSucceeded" : "ChartPullSucceeded"),
  failure: ({ reason, message }, object) => {
    if (reason === "ref") {
      return { reason: "InvalidChartReference", message: `invalid chart reference: ${message}`, stalls: true };
    }
    if (reason === "missing-path") {
      const said = `values files merge error: ${message}`;
      return { reason: "ValuesFilesError", message: said, type: "BuildFailed", stalls: true };
    }
    if (reason === "dependency") {
      return { reason: "DependencyBuildError", message: `dependency build error: ${message}`, type: "BuildFailed" };
    }
    if (reason === "no-keys") return { reason: "VerificationError", message: `${unverified(object)}${message}` };
    if (reason === "unverified-artifact") {
      return { reason: "VerificationError", message: `chart verification error: ${message}` };
    }
    if (reason === "empty-origin") return { reason: "NoSourceArtifact", message };
    return { reason: "ChartPullError", message: `chart pull error: ${message}` };
  },
  unavailable: (problems) => {
    const problem = problems.find(({ path }) => path === chartSourcePath);
    return problem && { reason: "SourceUnavailable", message: `failed to get source: ${problem.message}` };
  },
  verified: ({ text }) => `verified signature of version ${text}`,
  digest: ({ commit }) => commit,
  served: () => packedChartName,
  file: (revision, object) => `${nameOf(object, revision)}-${revision.text}.tgz`,
  observed: {},
  told: (object, revision) => {
    const files = valuesFiles(object, revision);
    return {
      observedChartName: nameOf(object, revision),
      observedValuesFiles: files.length === 0 ? undefined : files,
    };
  },
};

function summary(revision: Revision, object: Resource): string {
  const files = valuesFiles(object, revision);
  const merged = files.length === 0 ? "" : ` and merged values files [${files.join(" ")}]`;
  const action = isPacked(object, revision) ? "packaged" : "pulled";
  return `${action} '${nameOf(object, revision)}' chart with version '${revision.text}'${merged}`;
}

/** The name of a chart in a registry is the last part of a path. */
function nameOf(object: Resource, { chart }: Revision): string {
  return chart?.name ?? textAt(object, ["spec", "chart"]).split("/").at(-1) ?? "";
}

function isPacked(object: Resource, revision: Revision): boolean {
  return revision.chart?.isPacked ?? valuesFiles(object, revision).length > 0;
}

function valuesFiles(object: Resource, { chart }: Revision): readonly string[] {
  if (chart !== undefined) return chart.valuesFiles;
  const files = fieldAt(object, ["spec", "valuesFiles"]);
  return Array.isArray(files) ? mergedFiles({ valuesFiles: files as string[] }) : [];
}
