import type { HelperPool } from "./helper-pool.ts";
import { UpstreamError } from "./upstream-error.ts";
import type { FileProblem } from "./upstream-error.ts";

/** A file by its path, which is only named in errors, and its content. */
export interface YamlFile {
  readonly path: string;
  readonly content: Uint8Array;
}

/** One object of a file. */
export interface YamlDocument {
  /** Counts the file's documents from 0, empty ones included. */
  readonly index: number;
  /** Where its content begins, counted from 1. */
  readonly line: number;
  readonly object: Readonly<Record<string, unknown>>;
  /** Whether it was an item of a v1 List. */
  readonly inList?: boolean;
}

/** A file's objects, or why it has none. */
export interface DecodedFile {
  readonly path: string;
  readonly documents: readonly YamlDocument[];
  readonly error?: FileProblem;
}

/**
 * Decodes files of YAML or JSON documents as sigs.k8s.io/yaml does; a broken file spoils no other.
 * @throws UpstreamError when the request as a whole fails.
 */
export async function yamlDecode(
  pool: HelperPool,
  files: readonly YamlFile[],
  signal: AbortSignal,
): Promise<readonly DecodedFile[]> {
  if (files.length === 0) return [];
  const request = {
    op: "yaml.decode",
    input: { files: files.map(({ path, content }) => ({ path, bytes: content.length })) },
    attachments: files.map(({ content }) => content),
    answer: () =>
      Promise.reject(new UpstreamError({ code: "died", message: "the helper asks for a file to decode YAML" })),
  };
  const { files: decoded } = (await pool.request(request, signal)) as { files: DecodedFile[] };
  return decoded;
}
