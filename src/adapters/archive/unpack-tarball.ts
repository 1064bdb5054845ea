import { createReadStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import type { ArchiveLimits } from "./archive-limits.ts";
import { fileListing } from "./file-listing.ts";
import { type PackedFile, PackWriter } from "./pack-file.ts";
import { packName } from "./pack-store.ts";
import { readTarball } from "./read-tarball.ts";

/** Packs the files of a tarball into a folder's pack and removes the tarball. @throws ArchiveError */
export async function unpackTarball(
  tarball: string,
  { folder, limits }: { readonly folder: string; readonly limits: ArchiveLimits },
  signal: AbortSignal,
): Promise<ReadonlyMap<string, PackedFile>> {
  await using file = await open(join(folder, packName), "wx", 0o600);
  const sink = new PackWriter(file);
  await readTarball(createReadStream(tarball), { sink, limits }, signal);
  await sink.flush();
  // Refuses what cannot be a tree while nothing is kept yet.
  fileListing(sink.files);
  await rm(tarball);
  return sink.files;
}
