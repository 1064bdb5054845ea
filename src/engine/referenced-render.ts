import type { AppPhase } from "#core/app/app-report.ts";
import { type ReferencedData, referenceKey } from "#core/app/app.ts";
import type { RenderSpec } from "#core/app/render-spec.ts";
import { refused, type Result } from "#core/result.ts";
import type { AppWork } from "./app-state.ts";
import { referencedData, refOfReference } from "./followed-objects.ts";

/** The render with what the app references filled in; null while that is being read. */
export function completeRender({ context, state }: AppWork, render: RenderSpec): Result<RenderSpec, AppPhase | null> {
  const { app, dialect } = state;
  const failed = (message: string) => refused({ kind: "render-failed", code: "build", message } as const);
  const found = new Map<string, ReferencedData | null>();
  for (const reference of app.references) {
    const known = context.references.get(refOfReference(reference));
    if (known.kind === "pending") return refused(null);
    const { kind, namespace, name } = reference;
    if (known.kind === "failed") return failed(`${kind} ${namespace}/${name} cannot be read: ${known.reason}`);
    found.set(referenceKey(reference), known.object && referencedData(known.object));
  }
  const completed = dialect.completeRender(app, render, (reference) => found.get(referenceKey(reference)) ?? null);
  return completed.ok ? completed : failed(completed.error);
}
