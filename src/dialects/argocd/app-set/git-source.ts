import type { Source, SourceKey } from "#core/source/source.ts";
import type { PollingSettings } from "../settings-polling.ts";
import { sourceAddress } from "../source-address.ts";

/** What a set reads of a repository: one source with the apps that read the same, unless it has its own rhythm. */
export function gitSource(
  { url, revision, everySeconds }: { readonly url: string; readonly revision: string; readonly everySeconds?: number },
  polling: PollingSettings,
): Source {
  const source = sourceAddress({ repoURL: url, targetRevision: revision }, { recorded: null, polling });
  if (!everySeconds || everySeconds <= 0) return source;
  return { ...source, key: `${source.key} every ${everySeconds} s` as SourceKey, intervalMs: everySeconds * 1000 };
}
