import { helmValues } from "#adapters/upstream/helm-values.ts";
import type { HelperPool } from "#adapters/upstream/helper-pool.ts";
import { UpstreamError } from "#adapters/upstream/upstream-error.ts";
import { yamlDocuments } from "#cli/yaml-documents.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import { plainNumbers } from "./plain-numbers.ts";
import { isEqual, type SplitValues, splitValues } from "./split-values.ts";
import type { OriginOfValues } from "./values-parts.ts";

/** A release's values, merged and taken apart. */
export interface ReleaseValues extends SplitValues {
  /** Values of a record are compared with these. */
  readonly whole: Readonly<Record<string, unknown>>;
  /** As the controller computes it of what is written; null when a secret is not known. */
  readonly configDigest: string | null;
}

/**
 * Merges the values of a release as the provider does, with Helm's own library.
 * @throws UpstreamError naming the part that is wrong, never a value
 */
export async function releaseValues(
  pool: HelperPool,
  parts: readonly OriginOfValues[],
  signal: AbortSignal,
): Promise<ReleaseValues> {
  const merge = async (wanted: readonly OriginOfValues[]) =>
    (
      await helmValues(
        pool,
        wanted.map(({ part }) => part),
        signal,
      )
    ).values;
  const whole = await merge(parts);
  const split = splitValues({
    whole,
    withoutSecrets: await merge(parts.filter(({ isSecret }) => !isSecret)),
    secretsAlone: await merge(parts.filter(({ isSecret }) => isSecret)),
  });
  const written = await helmValues(pool, writtenParts(split), signal);
  if (!isEqual(rounded(written.values), rounded(whole))) {
    throw new UpstreamError({
      code: "invalid-values",
      message: "the values cannot be taken apart into open and secret",
    });
  }
  const isKnown = parts.every(({ isUnknown }) => !isUnknown);
  return { ...split, whole, configDigest: isKnown ? written.configDigest : null };
}

/** The document that a Secret holds; "" when nothing is secret. */
export function secretDocument({ secret }: Pick<SplitValues, "secret">): string {
  if (Object.keys(secret).length === 0) return "";
  return yamlDocuments([plainNumbers(secret) as object]).replace(/^---\n/, "");
}

/** Numbers as Helm itself reads them back from its records. */
function rounded(values: object): unknown {
  return JSON.parse(JSON.stringify(values));
}

function writtenParts(split: SplitValues): readonly ValuesPart[] {
  const document = secretDocument(split);
  return [...(document === "" ? [] : [{ name: "the secret values", yaml: document }]), { object: split.open }];
}
