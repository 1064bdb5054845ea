/** A Git object taken apart into what was signed and the signature; null: it is not signed. */
export interface SignedObject {
  readonly payload: Uint8Array;
  readonly signature: string | null;
}

/** An annotated tag: what it says it is, and its signature. */
export interface SignedTag extends SignedObject {
  readonly name: string;
  readonly object: string;
  readonly type: string;
}

/** Takes a commit apart; what is signed is the commit without its signatures. */
export function signedCommit(bytes: Uint8Array): SignedObject {
  // latin1 keeps every byte as it is.
  const text = Buffer.from(bytes).toString("latin1");
  const gap = text.indexOf("\n\n");
  const head = gap < 0 ? text : text.slice(0, gap + 1);
  const signatures: string[] = [];
  const kept = head.replace(/^(gpgsig(?:-sha256)?) ((?:.*\n)(?: .*\n)*)/gm, (_all, name: string, value: string) => {
    if (name === "gpgsig") signatures.push(value.replace(/\n /g, "\n"));
    return "";
  });
  // With several there is no telling which one a reader takes for the commit's.
  const signature = signatures.length === 1 ? signatures[0]! : null;
  return { payload: Buffer.from(kept + text.slice(head.length), "latin1"), signature };
}

/** Takes an annotated tag apart; its signature stands at the end of what it says. */
export function signedTag(bytes: Uint8Array): SignedTag {
  const text = Buffer.from(bytes).toString("latin1");
  const head = text.slice(0, text.indexOf("\n\n") + 1);
  const header = (name: string) => new RegExp(`^${name} (.*)$`, "m").exec(head)?.[1] ?? "";
  const start = Math.max(...["PGP", "SSH"].map((kind) => text.lastIndexOf(`\n-----BEGIN ${kind} SIGNATURE-----\n`)));
  const end = start < 0 ? text.length : start + 1;
  return {
    name: Buffer.from(header("tag"), "latin1").toString("utf8"),
    object: header("object"),
    type: header("type"),
    payload: Buffer.from(text.slice(0, end), "latin1"),
    signature: start < 0 ? null : text.slice(end),
  };
}

/** The annotated tags of a listing: full reference name to the tag's own hash. */
export function tagObjects(listing: string): ReadonlyMap<string, string> {
  const peeled = new Set([...listing.matchAll(/^[0-9a-f]+\t(.+)\^\{\}$/gm)].map(([, name]) => name!));
  const lines = [...listing.matchAll(/^([0-9a-f]+)\t(.+)$/gm)];
  return new Map(lines.filter(([, , name]) => peeled.has(name!)).map(([, hash, name]) => [name!, hash!]));
}
