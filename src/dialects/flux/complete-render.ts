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
  const keys = decryption ? decryptionOf(decryption, find) : ok(undefined);
  if (!keys.ok) return keys;
  return ok({
    ...render,
    ...(substitute.value && { substitute: substitute.value }),
    ...(keys.value && { decryption: keys.value }),
  });
}

function decryptionOf(
  { secret: name, account }: NonNullable<KustomizationDetails["decryption"]>,
  find: Find,
): Result<Decryption, string> {
  const asked = { provider: "sops", ...(account && { account }) } as const;
  if (!name) return ok({ ...asked, keys: {} });
  const secret = find({ kind: "Secret", ...name });
  if (!secret) return refused(`cannot get decryption Secret '${name.namespace}/${name.name}': it does not exist`);
  return ok({ ...asked, keys: secret.base64 });
}
