import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import type { HookClearing, HookMoment, HookRules, HookRun, HookSpec } from "#core/sync/hook.ts";
import { listOf } from "./sync-options.ts";
import { TRACKING_ANNOTATION } from "./tracking.ts";

const HOOK = "argocd.argoproj.io/hook";
const POLICY = "argocd.argoproj.io/hook-delete-policy";
const HELM_HOOK = "helm.sh/hook";
const HELM_POLICY = "helm.sh/hook-delete-policy";
/** Names the run that an object was created for. */
const RUN = "holdfast.dev/hook-run";
const COMMIT_CHARACTERS = 7;

const MOMENTS: Readonly<Record<string, HookMoment>> = {
  PreSync: "before",
  Sync: "during",
  PostSync: "after",
  SyncFail: "failed",
  PreDelete: "before-delete",
  PostDelete: "after-delete",
};

/** Tests and rollbacks are Helm's own to run. */
const HELM_WORDS: Readonly<Record<string, string>> = {
  "pre-install": "PreSync",
  "pre-upgrade": "PreSync",
  "post-install": "PostSync",
  "post-upgrade": "PostSync",
  "pre-delete": "PreDelete",
  "post-delete": "PostDelete",
};

const POLICIES: Readonly<Record<string, HookClearing>> = {
  BeforeHookCreation: "before",
  HookSucceeded: "succeeded",
  HookFailed: "failed",
};

const HELM_POLICIES: Readonly<Record<string, HookClearing>> = {
  "before-hook-creation": "before",
  "hook-succeeded": "succeeded",
  "hook-failed": "failed",
};

/** What the hook annotations make of an object: nothing special, something that is left out, or a hook. */
export type HookRole =
  { readonly kind: "none" } | { readonly kind: "skip" } | { readonly kind: "hook"; readonly spec: HookSpec };

/** The role of an object by its annotations; our own kind of hook annotation hides Helm's. */
export function hookRole(resource: Resource): HookRole {
  const annotations = annotationsOf(resource);
  const own = listOf(annotations[HOOK]);
  if (own.length === 1 && own[0] === "Skip") return { kind: "skip" };
  if (own.length > 0) return { kind: "hook", spec: specOf(resource, own) };
  const helm = listOf(annotations[HELM_HOOK]);
  if (helm.every((event) => event === "crd-install")) return { kind: "none" };
  return {
    kind: "hook",
    spec: specOf(
      resource,
      helm.flatMap((event) => HELM_WORDS[event] ?? []),
    ),
  };
}

/** What of an object's hook annotations means nothing: a moment that does not exist is never to be waited for. */
export function hookProblems(resource: Resource): { readonly refusal: string | null; readonly warnings: string[] } {
  const annotations = annotationsOf(resource);
  const unknown = listOf(annotations[HOOK]).filter((word) => word !== "Skip" && !(word in MOMENTS));
  const known = Object.keys(MOMENTS).join(", ");
  const refusal =
    unknown.length === 0
      ? null
      : `annotation ${HOOK}: there is no hook ${quoted(unknown)}; there are ${known} and Skip`;
  const policies = listOf(annotations[POLICY]).filter((word) => !(word in POLICIES));
  const warnings = policies.map((word) => `annotation ${POLICY}: there is no policy ${quoted([word])}`);
  return { refusal, warnings };
}

/** How this dialect's hooks are told and made. */
export const hookRules: HookRules = {
  of: (resource) => {
    const role = hookRole(resource);
    return role.kind === "hook" ? role.spec : null;
  },
  runOf,
  markOf: (live) => annotationsOf(live)[RUN] ?? null,
  finalizer: "argocd.argoproj.io/hook-finalizer",
  deletion: {
    "before-delete": deletionFinalizers("pre-delete"),
    "after-delete": deletionFinalizers("post-delete"),
  },
};

function deletionFinalizers(name: string) {
  const run = `${name}-finalizer.argocd.argoproj.io`;
  return { run, cleanup: `${run}/cleanup` };
}

function specOf(resource: Resource, words: readonly string[]): HookSpec {
  const annotations = annotationsOf(resource);
  const moments = [...new Set(words)].flatMap((word) => {
    const moment = MOMENTS[word];
    return moment ? [{ moment, word }] : [];
  });
  const own = listOf(annotations[POLICY]).flatMap((name) => POLICIES[name] ?? []);
  const helm = listOf(annotations[HELM_POLICY]).flatMap((name) => HELM_POLICIES[name] ?? []);
  const clears = [...new Set([...own, ...helm])];
  return { moments, clears: clears.length === 0 ? ["before"] : clears };
}

function runOf(resource: Resource, run: HookRun): Resource {
  const { generateName, ...metadata } = resource.metadata;
  const annotations: Readonly<Record<string, string>> = { ...metadata.annotations, [RUN]: run.mark };
  const finalizers = [...new Set([...(metadata.finalizers ?? []), hookRules.finalizer])];
  if (metadata.name) return { ...resource, metadata: { ...metadata, annotations, finalizers } };
  const commit = run.commit.length > COMMIT_CHARACTERS ? run.commit.slice(0, COMMIT_CHARACTERS) : run.commit;
  const suffix = `${commit}-${run.word}-${Math.floor(run.startedAt / 1000)}`.toLowerCase();
  const name = `${generateName ?? ""}${suffix}`;
  // The tracking id names the object itself.
  const tracked = annotations[TRACKING_ANNOTATION];
  const ids = tracked === undefined ? {} : { [TRACKING_ANNOTATION]: `${tracked}${name}` };
  return { ...resource, metadata: { ...metadata, name, annotations: { ...annotations, ...ids }, finalizers } };
}

function quoted(words: readonly string[]): string {
  return words.map((word) => JSON.stringify(word.slice(0, 80))).join(", ");
}
