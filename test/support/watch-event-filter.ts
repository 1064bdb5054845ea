import type { Readable } from "node:stream";

/** How a watch's events are disturbed; each chance is of one event. */
export interface EventChange {
  /** Sent twice. */
  readonly duplicate?: number;
  /** Sent after its successor, when that is about another object. */
  readonly reorder?: number;
  readonly drop?: number;
  /** An event to put before the first one. */
  readonly inject?: string;
}

/** The lines of a watch, disturbed as asked; chunks are cut at odd places, through characters too. */
export async function* eventFilter(
  source: Readable,
  change: EventChange,
  random: () => number,
): AsyncGenerator<Buffer> {
  if (change.inject !== undefined) yield Buffer.from(`${change.inject}\n`);
  let held: string | undefined;
  for await (const line of linesOf(source)) {
    if (random() < (change.drop ?? 0)) continue;
    if (held === undefined && random() < (change.reorder ?? 0)) {
      held = line;
      continue;
    }
    const ordered = held !== undefined && mustFollow(line, held) ? [held, line] : [line, held];
    held = undefined;
    for (const event of ordered) {
      if (event === undefined) continue;
      yield* inPieces(event, random);
      if (random() < (change.duplicate ?? 0)) yield* inPieces(event, random);
    }
  }
  if (held !== undefined) yield Buffer.from(`${held}\n`);
}

async function* linesOf(source: Readable): AsyncGenerator<string> {
  let rest = Buffer.alloc(0);
  for await (const chunk of source) {
    rest = Buffer.concat([rest, chunk as Buffer]);
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      yield rest.subarray(0, end).toString("utf8");
      rest = rest.subarray(end + 1);
    }
  }
}

function* inPieces(event: string, random: () => number): Generator<Buffer> {
  const bytes = Buffer.from(`${event}\n`);
  const cut = Math.floor(random() * bytes.length);
  yield bytes.subarray(0, cut);
  yield bytes.subarray(cut);
}

// Events of one object keep their order, and a bookmark vouches for all that came before it.
function mustFollow(line: string, held: string): boolean {
  const [later, earlier] = [line, held].map((text) => JSON.parse(text) as WatchEvent);
  const name = later?.object.metadata.name;
  return later?.type === "BOOKMARK" || name === earlier?.object.metadata.name;
}

interface WatchEvent {
  readonly type: string;
  readonly object: { readonly metadata: { readonly name?: string } };
}
