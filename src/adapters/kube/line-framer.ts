const NEWLINE = 0x0a;
const LINE_LIMIT = 64 << 20;

/** Cuts a byte stream into lines; a character split over two chunks stays whole. */
export class LineFramer {
  #rest: Buffer[] = [];
  #restBytes = 0;

  /**
   * The lines that this chunk completes.
   * @throws RangeError when a line grows beyond 64 MiB.
   */
  *push(chunk: Buffer): Generator<string> {
    let from = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, from)) {
      const line = this.#complete(chunk.subarray(from, end));
      from = end + 1;
      if (line !== "") yield line;
    }
    this.#keep(chunk.subarray(from));
  }

  #complete(tail: Buffer): string {
    if (this.#restBytes === 0) return tail.toString("utf8");
    const line = Buffer.concat([...this.#rest, tail]).toString("utf8");
    this.#rest = [];
    this.#restBytes = 0;
    return line;
  }

  #keep(part: Buffer): void {
    if (part.length === 0) return;
    this.#rest.push(part);
    this.#restBytes += part.length;
    if (this.#restBytes > LINE_LIMIT) throw new RangeError("A watch event is larger than 64 MiB");
  }
}
