import { ArchiveError } from "./archive-error.ts";

const maxNameBytes = 4_096;
const maxDepth = 64;

/**
 * The path inside the tree that an archive's entry stands for; "" is the root.
 * @throws ArchiveError `refused` when it leads outside or no file system would take it
 */
export function entryName(raw: Uint8Array): string {
  if (raw.length > maxNameBytes) throw new ArchiveError("refused", `a name is longer than ${maxNameBytes} bytes`);
  const text = decoded(raw);
  const refuse = (why: string) => new ArchiveError("refused", `the name ${JSON.stringify(text.slice(0, 200))} ${why}`);
  // oxlint-disable-next-line no-control-regex
  if (/[\x00-\x1f\x7f]/.test(text)) throw refuse("holds a control character");
  if (text.startsWith("/") || /^[a-z]:/i.test(text)) throw refuse("is absolute");
  if (text.includes("\\")) throw refuse("holds a backslash");
  const parts = text.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refuse("leads outside");
  if (parts.length > maxDepth) throw refuse(`is deeper than ${maxDepth} folders`);
  if (parts.some((part) => part.length > 255)) throw refuse("has a part of more than 255 characters");
  return parts.join("/");
}

function decoded(raw: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(raw);
  } catch (cause) {
    const shown = JSON.stringify(Buffer.from(raw).toString("latin1").slice(0, 200));
    throw new ArchiveError("refused", `the name ${shown} is not UTF-8`, { cause });
  }
}
