import type { Dialect } from "#core/app/dialect.ts";
import { argoDialect } from "#dialects/argocd/argo-dialect.ts";
import { fluxDialect } from "#dialects/flux/flux-dialect.ts";
import { fluxHelmDialect } from "#dialects/flux/flux-helm-dialect.ts";

/** Every vendor's objects that this engine serves. */
export const dialects: readonly Dialect[] = [fluxDialect, fluxHelmDialect, argoDialect];
