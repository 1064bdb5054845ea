import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { copiedLayerName } from "#core/source/remote.ts";
import { helmChartWords, helmRepositoryWords } from "./helm-words.ts";
import { publicUrl } from "./public-url.ts";
import { type SourceFailureReport, type SourceWords, unverified } from "./source-phrases.ts";

const ownReasons: Readonly<Partial<Record<SourceFailureReport["reason"], string>>> = {
  provider: "InvalidProviderConfiguration",
  "absent-include": "NotFound",
  "empty-include": "NoArtifact",
  "misplaced-include": "CopyFailure",
  "no-keys": "VerificationError",
  "no-tag": "InvalidVerificationMode",
  "unsigned-tag": "InvalidGitObject",
  "unverified-tag": "InvalidTagSignature",
  "unverified-commit": "InvalidCommitSignature",
};

const gitRepository: SourceWords = {
  stored: ({ text }) => `stored artifact for revision '${text}'`,
  news: ({ text }) => `stored artifact for commit '${text}'`,
  failure: (failure, object) => {
    const own = ownReasons[failure.reason];
    const isUnnamed = failure.reason === "provider" && textAt(object, ["spec", "secretRef", "name"]) === "";
    if (own !== undefined) return { reason: own, message: failure.message, ...(isUnnamed && { stalls: true }) };
    if (failure.reason === "missing-path") {
      return { reason: "GitOperationFailed", message: `failed to sparse checkout directories : ${failure.message}` };
    }
    const cause = prefixed(failure.message, `unable to clone '${publicUrl(object)}': `);
    return { reason: "GitOperationFailed", message: `failed to checkout and determine revision: ${cause}` };
  },
  digest: ({ commit }) => `${commit.length === 64 ? "sha256" : "sha1"}:${commit}`,
  observed: {
    observedIgnore: "ignore",
    observedInclude: "include",
    observedRecurseSubmodules: "recurseSubmodules",
    observedSparseCheckout: "sparseCheckout",
  },
};

const ociRepository: SourceWords = {
  stored: ({ text }) => `stored artifact for digest '${text}'`,
  news: ({ text }, object) => `stored artifact with revision '${text}' from '${publicUrl(object)}'`,
  failure: (failure, object) => {
    if (failure.reason === "no-keys" || failure.reason === "unverified-artifact") {
      return { reason: "VerificationError", message: `${unverified(object)}${failure.message}` };
    }
    const message = prefixed(failure.message, `failed to pull artifact from '${publicUrl(object)}': `);
    return { reason: "OCIArtifactPullFailed", message };
  },
  verified: ({ text }) => `verified signature of revision ${text}`,
  digest: ({ commit }) => commit,
  served: (object) => (textAt(object, ["spec", "layerSelector", "operation"]) === "copy" ? copiedLayerName : null),
  observed: { observedIgnore: "ignore", observedLayerSelector: "layerSelector" },
};

const bucket: SourceWords = {
  stored: ({ text }) => `stored artifact: revision '${text}'`,
  news: ({ text }, object) =>
    `stored artifact with revision '${text}' from '${textAt(object, ["spec", "bucketName"])}' bucket`,
  failure: ({ message }) => ({ reason: "BucketOperationFailed", message }),
  digest: ({ commit }) => commit,
  observed: { observedIgnore: "ignore" },
};

const kinds: Readonly<Record<string, SourceWords>> = {
  GitRepository: gitRepository,
  OCIRepository: ociRepository,
  Bucket: bucket,
  HelmRepository: helmRepositoryWords,
  HelmChart: helmChartWords,
};

/** The words of an object's kind. */
export function wordsOf({ kind }: Resource): SourceWords {
  return kinds[kind] ?? gitRepository;
}

function prefixed(message: string, prefix: string): string {
  return message.startsWith(prefix) ? message : `${prefix}${message}`;
}
