/** A revision with its commit cut to what people read: `main@sha1:0a1b2c3d`. */
export function shortRevision(revision: string): string {
  return revision.replace(/[0-9a-f]{40,64}/, (hash) => hash.slice(0, 8));
}
