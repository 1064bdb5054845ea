import { stringify } from "yaml";
import type { CopyTools } from "#core/source/generator/copied-tree.ts";
import { mergedMaps } from "#core/source/generator/merged-maps.ts";
import { type ArchiveLimits, sourceLimits } from "../archive/archive-limits.ts";
import { treeOfTarball } from "../archive/tree-of-tarball.ts";
import type { HelperPool } from "./helper-pool.ts";
import { type DecodedFile, yamlDecode } from "./yaml-decode.ts";

// What is unpacked stays in memory.
const limits: ArchiveLimits = { ...sourceLimits, maxTotalBytes: 64 << 20 };

/** Merges YAML as the official library reads it, and unpacks archives by the rules for hostile ones. */
export function copyTools(pool: () => HelperPool): CopyTools {
  return {
    mergedYaml: async (base, overlay, signal) => {
      const files = [
        { path: "the file that is there", content: base },
        { path: "the file to merge", content: overlay },
      ];
      const [before, after] = await yamlDecode(pool(), files, signal);
      const merged = mergedMaps(valuesOf(before), valuesOf(after));
      // Plain words of YAML 1.1 would be read back as something else.
      const options = { version: "1.1", lineWidth: 0, aliasDuplicateObjects: false, sortMapEntries: true } as const;
      return new TextEncoder().encode(stringify(merged, options));
    },
    unpacked: async (archive, signal) => {
      const pieces = (async function* () {
        yield archive;
      })();
      return await treeOfTarball(pieces, limits, signal);
    },
  };
}

/** All documents of a file as one map. */
function valuesOf(file: DecodedFile | undefined): Readonly<Record<string, unknown>> {
  if (file?.error) throw new Error(`cannot unmarshal YAML document: ${file.error.message}`);
  return (file?.documents ?? []).map(({ object }) => object).reduce(mergedMaps, {});
}
