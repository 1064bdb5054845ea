import { rename, writeFile } from "node:fs/promises";

/** Writes a file that only its owner can read; readers see the old text or the new one, never a part. */
export async function writeSecret(path: string, text: string): Promise<void> {
  const unfinished = `${path}.${process.pid}.tmp`;
  await writeFile(unfinished, text, { mode: 0o600 });
  await rename(unfinished, path);
}
