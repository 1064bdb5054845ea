import type { Revision } from "./source.ts";

/** Under which the maker of an artifact notes what it was made from, as the specification of images has it. */
export const originAnnotation = "org.opencontainers.image.revision";

/** A revision with what its maker noted with it. */
export function notedRevision(revision: Revision, notes: Readonly<Record<string, string>>): Revision {
  if (Object.keys(notes).length === 0) return revision;
  const origin = notes[originAnnotation];
  return { ...revision, notes, ...(origin !== undefined && { origin }) };
}
