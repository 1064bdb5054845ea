import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { ObjectName, Revision, Source, VerifiedObject } from "#core/source/source.ts";
import type { Repository } from "./ports.ts";

const none: readonly VerifiedObject[] = [];

/** What a source's verification says of a revision; the keys are read each time. @throws SourceError */
export async function verifiedObjects(
  parts: {
    repository: Repository;
    source: Source;
    revision: Revision;
    readSecret: (name: ObjectName) => Promise<Resource | null>;
  },
  signal: AbortSignal,
): Promise<readonly VerifiedObject[]> {
  const { verification } = parts.source;
  if (!verification) return none;
  const { repository, revision } = parts;
  if (!repository.verify) throw new SourceError("config", "Cannot verify signatures: nobody signs such content");
  const keys = await parts.readSecret(verification.keys);
  if (!keys) {
    const { namespace, name } = verification.keys;
    throw new SourceError("no-keys", `Cannot read public keys: Secret ${namespace}/${name} does not exist`);
  }
  const { commit, refName } = revision;
  return await repository.verify({ commit, refName, signed: verification, keys }, signal);
}
