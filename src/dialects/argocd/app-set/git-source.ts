import { SetError } from "#core/app/app-set.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { openedSource } from "../open-source.ts";
import { sourceAddress } from "../source-address.ts";
import type { Making } from "./making.ts";

interface GitPlace {
  readonly repoURL: string;
  readonly revision: string;
  readonly requeueAfterSeconds?: number;
}

/** What a set reads of a repository: one source with the apps that read the same, unless it has its own rhythm. */
export function gitSource({ repoURL, revision, requeueAfterSeconds = 0 }: GitPlace, making: Making): Source {
  const { installation, lookup, project } = making;
  const { controlNamespace, argo } = installation;
  const address = sourceAddress({ repoURL, targetRevision: revision }, { recorded: null, ...argo });
  const named = { source: address.key, inline: address, path: "", render: { kind: "nothing" } } as const;
  const opened = openedSource(named, { url: repoURL, project, lookup, controlNamespace, argo });
  if (!opened.ok) throw new SetError("parameters", opened.error.map(({ message }) => message).join("; "));
  const source = opened.value.inline ?? address;
  if (requeueAfterSeconds <= 0) return source;
  const key = `${source.key} every ${requeueAfterSeconds} s` as SourceKey;
  return { ...source, key, intervalMs: requeueAfterSeconds * 1000 };
}
