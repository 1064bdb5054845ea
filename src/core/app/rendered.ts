import type { Resource } from "#core/resource/resource.ts";
import type { ReadSet } from "#core/source/read-set.ts";
import type { RemoteBase } from "#core/source/remote-base.ts";

/** What made objects of a source; null: nothing did. */
export type RendererKind = "kustomize" | "directory" | "helm" | "plugin" | null;

/** Rendered objects and everything that was read to make them. */
export interface Rendered {
  readonly resources: readonly Resource[];
  /** Where each of the resources is declared, as `file:line`, when the renderer lets several declare one object. */
  readonly places?: readonly string[];
  readonly readSet: ReadSet;
  /** What of other repositories it took; absent: nothing. */
  readonly bases?: readonly RemoteBase[];
  readonly renderer: RendererKind;
  /** What each of several sources rendered to, of which this is the whole. */
  readonly parts?: readonly Rendered[];
}

/** The whole of what several sources rendered to, in their order; `known` is what was the whole before. */
export function jointRender(parts: readonly Rendered[], known: Rendered | null): Rendered {
  const [only] = parts;
  if (only && parts.length === 1) return only;
  if (known?.parts?.length === parts.length && known.parts.every((part, at) => part === parts[at])) return known;
  return {
    resources: parts.flatMap(({ resources }) => resources),
    places: parts.flatMap((part, at) => part.places ?? part.resources.map(() => `source ${at + 1}`)),
    readSet: [],
    renderer: null,
    parts,
  };
}
