import type { App } from "#core/app/app.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { timeMs } from "./status-time.ts";

const APPROVED = "argocd.argoproj.io/deletion-approved";

/** When a person confirmed the deletions that wait for it, milliseconds since the epoch; absent: never, or at no time. */
export function confirmationOf(object: Resource): { readonly confirmedAt?: number } {
  const at = timeMs(annotationsOf(object)[APPROVED] ?? "");
  return at === null ? {} : { confirmedAt: at };
}

/** How people are told to confirm deletions. */
export function confirmText({ object }: App, objects: string): string {
  const { name, namespace } = object;
  return (
    `Deletions wait for confirmation: ${objects}. Confirm with: ` +
    `kubectl annotate --overwrite -n ${namespace} application ${name} ${APPROVED}=$(date -u +%FT%TZ)`
  );
}
