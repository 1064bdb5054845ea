import { mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";

/** Removes the folders that nobody uses and that were last touched before a time (milliseconds since the epoch). */
export function removeStaleFolders(directory: string, isUsed: (name: string) => boolean, before: number): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  for (const name of readdirSync(directory)) {
    const path = join(directory, name);
    if (!isUsed(name) && statSync(path).mtimeMs < before) rmSync(path, { recursive: true, force: true });
  }
}
