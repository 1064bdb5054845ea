/** What is written of a file or folder besides its content. */
export interface TarEntryHead {
  /** Ends in a slash for a folder. */
  readonly name: string;
  readonly kind: "file" | "executable" | "folder";
  readonly size: number;
}

const blockBytes = 512;
const longestName = 100;
// What consumers of such archives have always been given.
const modes = { file: 0o600, executable: 0o700, folder: 0o750 };

/** The two blocks that end an archive. */
export const tarEnd: Uint8Array = Buffer.alloc(2 * blockBytes);

/** The header of an entry: no owner and no time; a name that is too long for it comes before it, in one of its own. */
export function tarEntry({ name, kind, size }: TarEntryHead): Uint8Array {
  const bytes = Buffer.from(name);
  const head = { type: kind === "folder" ? "5" : "0", mode: modes[kind], size };
  if (bytes.length <= longestName) return header({ ...head, name: bytes });
  const record = Buffer.from(paxRecord("path", bytes));
  return Buffer.concat([
    header({ name: Buffer.from("pax"), type: "x", mode: modes.file, size: record.length }),
    record,
    paddingOf(record.length),
    header({ ...head, name: bytes.subarray(0, longestName) }),
  ]);
}

/** What fills the last block of a content. */
export function paddingOf(size: number): Uint8Array {
  return Buffer.alloc((blockBytes - (size % blockBytes)) % blockBytes);
}

function header(fields: { name: Uint8Array; type: string; mode: number; size: number }): Buffer {
  const block = Buffer.alloc(blockBytes);
  block.set(fields.name, 0);
  block.write(octal(fields.mode, 7), 100);
  block.write(octal(0, 7), 108);
  block.write(octal(0, 7), 116);
  block.write(octal(fields.size, 11), 124);
  block.write(octal(0, 11), 136);
  block.write("        ", 148);
  block.write(fields.type, 156);
  block.write("ustar\u000000", 257);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
  return block;
}

function octal(value: number, digits: number): string {
  return `${value.toString(8).padStart(digits, "0")}\0`;
}

/** `<length> <key>=<value>\n`, where the length counts its own digits. */
function paxRecord(key: string, value: Uint8Array): Uint8Array {
  const rest = Buffer.concat([Buffer.from(` ${key}=`), value, Buffer.from("\n")]);
  let length = rest.length + 1;
  while (String(length).length + rest.length !== length) length = String(length).length + rest.length;
  return Buffer.concat([Buffer.from(String(length)), rest]);
}
