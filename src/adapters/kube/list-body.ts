import type { Resource } from "#core/resource/resource.ts";
import { Breather } from "./breather.ts";
import { parseExactJson } from "./exact-json.ts";
import { isRecord, textIn } from "./json-shape.ts";
import { metadataOf } from "./object-metadata.ts";

/** One page of a list answer. */
export interface ListPage {
  readonly resourceVersion: string;
  /** Asks for the next page; empty on the last. */
  readonly continueToken: string;
  readonly items: readonly Resource[];
}

/** Names given to items, which the server leaves nameless inside lists of built-in kinds. */
export interface ItemType {
  readonly apiVersion: string;
  readonly kind: string;
  /** Whether items are wanted without their content. */
  readonly metadataOnly?: boolean;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/**
 * Parses a list answer item by item, so that a long one never holds the event loop.
 * @throws SyntaxError when the body is cut short or is no list.
 */
export async function parseListPage(body: Buffer, type: ItemType): Promise<ListPage> {
  const span = itemsSpan(body);
  if (span.open === null) {
    // Only a list of metadata is written so when nothing is in it; of any other it means that it was lost on the way.
    if (type.metadataOnly) return { ...envelopeOf(parseExactJson(body.toString("utf8"))), items: [] };
    throw new SyntaxError("The answer is not a list");
  }
  const head = body.toString("utf8", 0, span.open + 1);
  const items: Resource[] = [];
  const breather = new Breather();
  let at = span.open + 1;
  for (;;) {
    const next = nextElement(body, at);
    if (next.kind === "end") {
      at = next.at;
      break;
    }
    items.push(itemOf(parseExactJson(body.toString("utf8", next.start, next.end)), type));
    at = next.end;
    if (breather.due()) await breather.rest();
  }
  return { ...envelopeOf(parseExactJson(head + body.toString("utf8", at))), items };
}

function itemOf(value: unknown, type: ItemType): Resource {
  if (!isRecord(value) || !isRecord(value["metadata"])) throw new SyntaxError("A list item is not an object");
  const { apiVersion, kind, metadataOnly = false } = type;
  const item = { apiVersion, kind, ...value } as unknown as Resource;
  return metadataOnly ? metadataOf(item, type) : item;
}

function envelopeOf(value: unknown): { resourceVersion: string; continueToken: string } {
  const metadata = isRecord(value) && isRecord(value["metadata"]) ? value["metadata"] : {};
  return {
    resourceVersion: textIn(metadata["resourceVersion"]),
    continueToken: textIn(metadata["continue"]),
  };
}

/** Finds the bracket that opens the top-level `items`; null: there is `null` in its place. */
function itemsSpan(body: Buffer): { open: number | null } {
  let depth = 0;
  for (let i = 0; i < body.length; i += 1) {
    const byte = body[i];
    if (byte === QUOTE) {
      const end = stringEnd(body, i);
      if (depth === 1 && isItemsKey(body, i, end)) {
        const open = body.indexOf(OPEN_BRACKET, end);
        if (open > 0 && /^"\s*:\s*$/.test(body.toString("latin1", end, open))) return { open };
        if (/^"\s*:\s*null\b/.test(body.toString("latin1", end, end + 64))) return { open: null };
      }
      i = end;
    } else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth -= 1;
  }
  throw new SyntaxError("The answer is not a list");
}

function isItemsKey(body: Buffer, start: number, end: number): boolean {
  return end - start === 6 && body.toString("latin1", start + 1, end) === "items";
}

type Element = { kind: "element"; start: number; end: number } | { kind: "end"; at: number };

function nextElement(body: Buffer, from: number): Element {
  let start = from;
  while (start < body.length && body[start] !== OPEN_BRACE && body[start] !== CLOSE_BRACKET) start += 1;
  if (body[start] === CLOSE_BRACKET) return { kind: "end", at: start };
  let depth = 0;
  for (let i = start; i < body.length; i += 1) {
    const byte = body[i];
    if (byte === QUOTE) i = stringEnd(body, i);
    else if (byte === OPEN_BRACE) depth += 1;
    else if (byte === CLOSE_BRACE && (depth -= 1) === 0) return { kind: "element", start, end: i + 1 };
  }
  throw new SyntaxError("The list is cut short");
}

function stringEnd(body: Buffer, open: number): number {
  for (let i = open + 1; i < body.length; i += 1) {
    const byte = body[i];
    if (byte === BACKSLASH) i += 1;
    else if (byte === QUOTE) return i;
  }
  throw new SyntaxError("A string is cut short");
}
