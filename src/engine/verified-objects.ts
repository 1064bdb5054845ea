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
  const read = async (what: string, { namespace, name }: ObjectName) => {
    const secret = await parts.readSecret({ namespace, name });
    if (secret) return secret;
    throw new SourceError("no-keys", `Cannot read ${what}: Secret ${namespace}/${name} does not exist`);
  };
  const { commit, refName } = revision;
  const held = "held" in verification ? verification.held?.open() : undefined;
  const keys = held ?? (verification.keys && (await read("public keys", verification.keys)));
  const root = "trustedRoot" in verification ? verification.trustedRoot : null;
  const trustedRoot = root && (await read("the trusted root", root));
  const request = { commit, refName, signed: verification, keys, ...(trustedRoot && { trustedRoot }) };
  return await repository.verify(request, signal);
}
