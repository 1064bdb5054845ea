/** Who made a commit, when, why and on top of what. */
export interface CommitInfo {
  readonly commit: string;
  readonly author: { readonly name: string; readonly email: string };
  readonly subject: string;
  /** ISO 8601, UTC. */
  readonly date: string;
  readonly parents: readonly string[];
}

/** Parses the raw bytes of a commit object. */
export function parseCommit(commit: string, bytes: Uint8Array): CommitInfo {
  const text = new TextDecoder().decode(bytes);
  const gap = text.indexOf("\n\n");
  const head = gap < 0 ? text : text.slice(0, gap);
  const subject = gap < 0 ? "" : text.slice(gap + 2).split("\n", 1)[0]!;
  const author = /^author (.*?) ?<([^>\n]*)> (-?\d+)/m.exec(head);
  const seconds = Number(author?.[3] ?? 0);
  return {
    commit,
    author: { name: author?.[1] ?? "", email: author?.[2] ?? "" },
    subject: subject.slice(0, 500),
    date: new Date(Math.abs(seconds) > 8.64e12 ? 0 : seconds * 1_000).toISOString(),
    parents: [...head.matchAll(/^parent ([0-9a-f]+)$/gm)].map((match) => match[1]!),
  };
}
