import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";

/** A file of a migration; what is private nobody else on the machine may read. */
export interface MigrationFile {
  /** Within the folder. */
  readonly path: string;
  readonly text: string;
  readonly isPrivate: boolean;
}

/** Refuses a folder that holds something, unless a person wants it written over. @throws CliError */
export async function checkFolder(folder: string, force: boolean): Promise<void> {
  const entries = await readdir(folder).catch((error: unknown) => {
    if ((error as { code?: string }).code === "ENOENT") return [];
    throw new CliError(`Cannot write to ${folder}: ${(error as { code?: string }).code ?? "it cannot be read"}`);
  });
  if (entries.length === 0 || force) return;
  throw new CliError(`Cannot write to ${folder}: it is not empty`, {
    advice: "Name another folder, or write over files of the same names with --force.",
    exitCode: exitCode.refused,
  });
}

/** Writes all files. */
export async function writeFolder(folder: string, files: readonly MigrationFile[], signal: AbortSignal): Promise<void> {
  for (const { path, text, isPrivate } of files) {
    const place = join(folder, path);
    await mkdir(dirname(place), { recursive: true, ...(isPrivate ? { mode: 0o700 } : {}) });
    // A file that is there keeps its mode, which others may read.
    if (isPrivate) await rm(place, { force: true });
    await writeFile(place, text, { signal, mode: isPrivate ? 0o600 : 0o644 });
  }
}
