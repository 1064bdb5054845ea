import { readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** Removes the folders that nobody uses and that were last touched before a time (milliseconds since the epoch). */
export function removeStaleFolders(directory: string, isUsed: (name: string) => boolean, before: number): void {
  for (const name of namesIn(directory)) {
    const path = join(directory, name);
    if (!isUsed(name) && statSync(path).mtimeMs < before) rmSync(path, { recursive: true, force: true });
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}
