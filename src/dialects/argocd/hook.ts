import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { listOf } from "./sync-options.ts";

const HOOK = "argocd.argoproj.io/hook";
const HELM_HOOK = "helm.sh/hook";

/** What the hook annotations make of an object: nothing special, something that is left out, or a hook (with its annotation). */
export type HookRole =
  { readonly kind: "none" } | { readonly kind: "skip" } | { readonly kind: "hook"; readonly text: string };

/** The role of an object by its annotations; our own kind of hook annotation hides Helm's. */
export function hookRole(resource: Resource): HookRole {
  const annotations = annotationsOf(resource);
  const own = listOf(annotations[HOOK]);
  if (own.length === 1 && own[0] === "Skip") return { kind: "skip" };
  if (own.length > 0) return { kind: "hook", text: `${HOOK}: ${own.join(",")}` };
  const helm = listOf(annotations[HELM_HOOK]).filter((type) => type !== "crd-install");
  return helm.length > 0 ? { kind: "hook", text: `${HELM_HOOK}: ${helm.join(",")}` } : { kind: "none" };
}
