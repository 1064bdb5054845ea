/** An element of a document; `text` is what stands directly in it. */
export interface XmlElement {
  readonly name: string;
  readonly text: string;
  readonly children: readonly XmlElement[];
}

/** A document that is not what a server of buckets writes. */
export class XmlError extends Error {
  override readonly name = "XmlError";
}

interface Open {
  readonly name: string;
  text: string;
  readonly children: XmlElement[];
}

const maxDepth = 16;
const token =
  /<\?[^]*?\?>|<!--[^]*?-->|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;
const named: Readonly<Record<string, string>> = { amp: "&", apos: "'", gt: ">", lt: "<", quot: '"' };

/** Reads elements and text, attributes left out; document types and other entities are refused. @throws XmlError */
export function parseXml(document: string): XmlElement {
  const root: Open = { name: "", text: "", children: [] };
  const open: Open[] = [root];
  token.lastIndex = 0;
  const text = document.replace(/^\uFEFF/, "");
  while (token.lastIndex < text.length) {
    const at = token.lastIndex;
    const match = token.exec(text);
    if (match === null) throw new XmlError(`Cannot read the document: what begins at character ${at} is not expected`);
    const [, closes, name, , isEmpty, characters] = match;
    const inner = open.at(-1)!;
    if (characters !== undefined) inner.text += decoded(characters);
    if (name === undefined) continue;
    if (closes === "/") {
      if (inner === root || inner.name !== name)
        throw new XmlError(`Cannot read the document: </${name}> ends nothing`);
      open.pop();
      continue;
    }
    const element: Open = { name, text: "", children: [] };
    inner.children.push(element);
    if (isEmpty !== "/") open.push(element);
    if (open.length > maxDepth) throw new XmlError("Cannot read the document: it is nested too deeply");
  }
  const [element] = root.children;
  if (open.length > 1 || element === undefined || root.children.length > 1 || root.text.trim() !== "") {
    throw new XmlError("Cannot read the document: it is not one whole element");
  }
  return element;
}

/** The text of the first child of a name. */
export function childText({ children }: XmlElement, name: string): string | undefined {
  return children.find((child) => child.name === name)?.text;
}

function decoded(characters: string): string {
  return characters.replace(/&([#\w]{0,8};)?/g, (reference) => {
    const char = charOf(reference.slice(1, -1));
    if (char === undefined) throw new XmlError(`Cannot read the document: ${reference} stands for nothing`);
    return char;
  });
}

function charOf(name: string): string | undefined {
  const [, decimal, hex = ""] = /^#(?:(\d+)|x([0-9A-Fa-f]+))$/.exec(name) ?? [];
  const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
  return code <= 0x10ffff ? String.fromCodePoint(code) : named[name];
}
