/** A variable of a plugin's environment. */
export interface PluginVariable {
  readonly name: string;
  readonly value: string;
}

/** What a plugin is told before the files. */
export interface PluginMetadata {
  readonly appName: string;
  /** The app's folder in the files. */
  readonly path: string;
  /** SHA-256 of the packed files, in hex. */
  readonly checksum: string;
  readonly size: number;
  readonly env: readonly PluginVariable[];
}

const BYTES = 2;
const VARINT = 0;

/** The first message of a stream: what the files are for. */
export function metadataMessage({ appName, path, checksum, size, env }: PluginMetadata): Buffer {
  const variables = env.map(({ name, value }) =>
    bytesField(5, Buffer.concat([textField(1, name), textField(2, value)])),
  );
  const metadata = [
    textField(1, appName),
    textField(2, path),
    textField(3, checksum),
    numberField(4, size),
    ...variables,
  ];
  return bytesField(1, Buffer.concat(metadata));
}

/** A later message of a stream: a piece of the files. */
export function chunkMessage(chunk: Uint8Array): Buffer {
  return bytesField(2, bytesField(1, chunk));
}

/** The texts of manifests in an answer. */
export function manifestsIn(message: Buffer): readonly string[] {
  return fieldsOf(message).flatMap(({ field, bytes }) => (field === 1 && bytes ? [bytes.toString("utf8")] : []));
}

/** Whether the first field of an answer, a switch, is on. */
export function firstSwitchOf(message: Buffer): boolean {
  return fieldsOf(message).some(({ field, number }) => field === 1 && number === 1);
}

interface Field {
  readonly field: number;
  readonly number?: number;
  readonly bytes?: Buffer;
}

/** @throws RangeError when the message is none of protobuf's */
function fieldsOf(message: Buffer): readonly Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < message.length;) {
    const key = varintAt(message, at);
    at = key.end;
    const field = Math.floor(key.value / 8);
    const value = varintAt(message, at);
    if (key.value % 8 === VARINT) {
      fields.push({ field, number: value.value });
      at = value.end;
    } else if (key.value % 8 === BYTES && value.end + value.value <= message.length) {
      at = value.end + value.value;
      fields.push({ field, bytes: message.subarray(value.end, at) });
    } else throw new RangeError("Cannot read the answer: it is malformed");
  }
  return fields;
}

function varintAt(message: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let at = start; at < Math.min(message.length, start + 8); at++) {
    const byte = message[at]!;
    value += (byte & 0x7f) * 2 ** (7 * (at - start));
    if (byte < 0x80) return { value, end: at + 1 };
  }
  throw new RangeError("Cannot read the answer: it is malformed");
}

function textField(field: number, text: string): Buffer {
  return text === "" ? Buffer.alloc(0) : bytesField(field, Buffer.from(text));
}

function numberField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8 + VARINT), varint(value)]);
}

function bytesField(field: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([varint(field * 8 + BYTES), varint(bytes.length), bytes]);
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Buffer.from([...bytes, rest]);
    bytes.push((rest % 128) + 128);
  }
}
