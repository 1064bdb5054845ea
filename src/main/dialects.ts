import type { Dialect, DialectKind } from "#core/app/dialect.ts";
import { argoDialect } from "#dialects/argocd/argo-dialect.ts";
import { fluxDialect } from "#dialects/flux/flux-dialect.ts";
import { fluxHelmDialect } from "#dialects/flux/flux-helm-dialect.ts";

/** Every vendor's objects that this engine serves. */
export const dialects: readonly Dialect[] = [fluxDialect, fluxHelmDialect, argoDialect];

/** The kind of a source object and the dialect that reads it, which need not be that of the apps that follow it. */
export function sourceReader(kindName: string): { readonly dialect: Dialect; readonly kind: DialectKind } | undefined {
  for (const dialect of dialects) {
    const kind = dialect.sourceKinds.find((one) => one.kind === kindName);
    if (kind) return { dialect, kind };
  }
  return undefined;
}

/** The kinds of a dialect's own objects: what it reads of others' kinds is not among them. */
export function ownKinds({ appKinds, sourceKinds, configKinds }: Dialect): readonly DialectKind[] {
  return [...sourceKinds, ...appKinds, ...configKinds.filter(({ only }) => !only)];
}
