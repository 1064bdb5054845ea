import { fieldAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { chartSourcePath } from "./parse-helm-chart.ts";
import { publicUrl } from "./public-url.ts";
import type { SourceWords } from "./source-phrases.ts";

/** What statuses and events say of a HelmRepository. */
export const helmRepositoryWords: SourceWords = {
  stored: (revision) => `stored artifact: revision '${revision}'`,
  news: (_revision, object) => `stored fetched index from '${publicUrl(object)}'`,
  failure: ({ message }) => ({ reason: "Failed", message: `failed to fetch Helm repository index: ${message}` }),
  digest: ({ commit }) => commit,
  file: ({ commit }) => `index-${commit.replace(/^sha256:/, "")}.yaml`,
  observed: {},
};

/** What statuses and events say of a HelmChart. */
export const helmChartWords: SourceWords = {
  stored: summary,
  news: summary,
  readyReason: (object) => (valuesFiles(object).length > 0 ? "ChartPackageSucceeded" : "ChartPullSucceeded"),
  failure: ({ reason, message }) => {
    if (reason === "ref") {
      return { reason: "InvalidChartReference", message: `invalid chart reference: ${message}`, stalls: true };
    }
    if (reason === "missing-path") {
      return { reason: "ValuesFilesError", message: `values files merge error: ${message}`, type: "BuildFailed" };
    }
    return { reason: "ChartPullError", message: `chart pull error: ${message}` };
  },
  unavailable: (problems) => {
    const problem = problems.find(({ path }) => path === chartSourcePath);
    return problem && { reason: "SourceUnavailable", message: `failed to get source: ${problem.message}` };
  },
  digest: ({ commit }) => commit,
  file: ({ text }, object) => `${nameOf(object)}-${text}.tgz`,
  observed: { observedValuesFiles: "valuesFiles" },
  told: (object) => ({ observedChartName: nameOf(object) }),
};

function summary(version: string, object: Resource): string {
  const files = valuesFiles(object);
  const merged = files.length === 0 ? "" : ` and merged values files [${files.join(" ")}]`;
  const action = files.length === 0 ? "pulled" : "packaged";
  return `${action} '${nameOf(object)}' chart with version '${version}'${merged}`;
}

/** The name of a chart in a registry is the last part of a path. */
function nameOf(object: Resource): string {
  return textAt(object, ["spec", "chart"]).split("/").at(-1) ?? "";
}

function valuesFiles(object: Resource): readonly unknown[] {
  const files = fieldAt(object, ["spec", "valuesFiles"]);
  return Array.isArray(files) ? files : [];
}
