import type { Readable } from "node:stream";

/** Finds an artifact that was made here by its digest, so that it need not be fetched; null: none was. */
export type OwnArtifacts = (digest: string) => Promise<{ open(): Readable } | null>;
