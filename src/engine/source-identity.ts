import { stableText } from "#core/resource/stable-text.ts";
import type { Source } from "#core/source/source.ts";

/** Names a repository with the Secrets that it is opened with. */
export type RepositoryKey = string & { readonly __brand: "RepositoryKey" };

/** Sources with the same one share a store and a poll. */
export function repositoryKey({ url, remote, secrets, held, account }: Source): RepositoryKey {
  return `${url} ${stableText([remote, secrets, held?.version, account])}` as RepositoryKey;
}

/** Whether two sources of one key ask for the same, in the same rhythm. */
export function sameSource(a: Source, b: Source): boolean {
  return (
    repositoryKey(a) === repositoryKey(b) &&
    sameRef(a, b) &&
    a.intervalMs === b.intervalMs &&
    a.timeoutMs === b.timeoutMs &&
    a.suspended === b.suspended
  );
}

/** Whether two sources of one key have the same content while the remote has. */
export function sameRef(a: Source, b: Source): boolean {
  return a.ignore === b.ignore && stableText(contentOf(a)) === stableText(contentOf(b));
}

/** Whether what a source had before it was declared anew may go on being used until there is something newer. */
export function keepsContent(before: Source, now: Source): boolean {
  // Another artifact of the same object is its next revision, wherever that is.
  if (before.remote.kind === "artifact" && now.remote.kind === "artifact") return true;
  return before.url === now.url && sameRef(before, now);
}

function contentOf({ ref, sparse, includes, verification, origin }: Source): unknown {
  return [followed(ref), sparse, includes, verification, origin];
}

/** What is followed, without what was known of it when it was declared. */
function followed(ref: Source["ref"]): unknown {
  if (ref.kind === "generator") return { ...ref, recorded: null };
  return ref.kind === "output" ? { ...ref, served: null } : ref;
}

/** A repository without whatever its url may carry in front of the host. */
export function redacted(key: string): string {
  return key.replace(/\/\/[^/@]*@/, "//");
}
