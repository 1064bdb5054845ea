import { sha256Hex } from "#core/source/sha256.ts";
import { stableText } from "#core/resource/stable-text.ts";
import { idOf, idText } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import type { AppSource } from "./app.ts";
import type { Rendered, RendererKind } from "./rendered.ts";

/** What an app was synced to, as it is kept for the day when it cannot be rendered again; or why it is not kept. */
export type KeptRender =
  | {
      readonly resources: readonly Resource[];
      readonly places?: readonly string[];
      readonly renderer: RendererKind;
    }
  | { readonly withheld: string };

/** What of a render is kept: no value of a Secret, and nothing that a plugin may have added to what the source holds. */
export function keptRenderOf({ resources, places, renderer, parts = [] }: Rendered): KeptRender {
  if ([renderer, ...parts.map((part) => part.renderer)].includes("plugin"))
    return { withheld: "a plugin made it, and what plugins add is not kept on disk" };
  const secret = resources.find(holdsSecrets);
  if (secret) return { withheld: `it declares ${idText(idOf(secret))}, and values of Secrets are not kept on disk` };
  return { resources, ...(places && { places }), renderer };
}

/** Names what sources declare at these revisions; null: they are none whose renders are kept. */
export function keptEntry(sources: readonly AppSource[], revisions: readonly string[]): string | null {
  const declared = sources.flatMap(({ declaration }) => declaration ?? []);
  if (declared.length !== sources.length || sources.length !== revisions.length || revisions.includes("")) return null;
  return sha256Hex(stableText([declared, revisions]));
}

/** What each source is at. */
export function partsOf(revision: Revision): readonly string[] {
  return revision.parts ?? [revision.text];
}

function holdsSecrets(resource: Resource): boolean {
  if (resource.apiVersion !== "v1" || resource.kind !== "Secret") return false;
  return ["data", "stringData"].some((member) => Object.keys((resource[member] as object | null) ?? {}).length > 0);
}
