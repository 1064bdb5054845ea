import type { App, Reference, ReferencedData } from "#core/app/app.ts";
import type { Decryption, RenderSpec } from "#core/app/render-spec.ts";
import { type Result, ok, refused } from "#core/result.ts";
import type { KustomizationDetails } from "./parse-kustomization.ts";
import { substitutionOf } from "./post-build.ts";

type Find = (reference: Reference) => ReferencedData | null;

/** Adds what a Kustomization takes from the ConfigMaps and Secrets that it references. */
export function completeRender(app: App, render: RenderSpec, find: Find): Result<RenderSpec, string> {
  const { postBuild, decryption } = app.details as KustomizationDetails;
  if (render.kind !== "kustomize") return ok(render);
  const { namespace } = app.object;
  const substitute = postBuild ? substitutionOf(postBuild, namespace, find) : ok(undefined);
  if (!substitute.ok) return substitute;
  const keys = decryption ? decryptionOf(decryption, namespace, find) : ok(undefined);
  if (!keys.ok) return keys;
  return ok({
    ...render,
    ...(substitute.value && { substitute: substitute.value }),
    ...(keys.value && { decryption: keys.value }),
  });
}

function decryptionOf(
  { secretRef }: NonNullable<KustomizationDetails["decryption"]>,
  namespace: string,
  find: Find,
): Result<Decryption, string> {
  if (!secretRef) return ok({ provider: "sops", keys: {} });
  const secret = find({ kind: "Secret", namespace, name: secretRef.name });
  if (!secret) return refused(`cannot get decryption Secret '${namespace}/${secretRef.name}': it does not exist`);
  return ok({ provider: "sops", keys: secret.base64 });
}
