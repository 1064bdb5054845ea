/** What stands in a commit for a file that is kept elsewhere. */
export interface LfsPointer {
  /** SHA-256 of the content, in hex. */
  readonly oid: string;
  readonly size: number;
}

/** Longer files are none, says the format. */
const MAX_POINTER_BYTES = 1024;
const VERSION = /^version https?:\/\/\S+\/spec\/v1\n/;

/** The pointer that a file is; null: it is a file as any other. */
export function lfsPointerOf(content: Uint8Array): LfsPointer | null {
  if (content.length > MAX_POINTER_BYTES) return null;
  const text = Buffer.from(content).toString("utf8");
  if (!VERSION.test(text) || !text.includes("git-lfs")) return null;
  const oid = /^oid sha256:([0-9a-f]{64})$/m.exec(text)?.[1];
  const size = /^size (\d{1,15})$/m.exec(text)?.[1];
  return oid === undefined || size === undefined ? null : { oid, size: Number(size) };
}
