import type { WireSink } from "./transport.ts";

/** Receives an accepted stream piece by piece. */
export interface StreamSink {
  opened(): void;
  data(chunk: Buffer): void;
}

/** Keeps what came of an answer. */
export class AnswerCollector {
  status = 0;
  retryAfter: string | undefined;
  readonly #chunks: Buffer[] = [];

  head(status: number, headers: Record<string, string | string[] | undefined>): void {
    this.status = status;
    const retryAfter = headers["retry-after"];
    this.retryAfter = typeof retryAfter === "string" ? retryAfter : undefined;
  }

  data(chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  body(): Buffer {
    return this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
  }
}

/** Hands an accepted answer on piece by piece, and keeps a refusing one. */
export class StreamCollector implements WireSink {
  readonly answer = new AnswerCollector();
  readonly #sink: StreamSink;
  accepted = false;
  thrown: { readonly error: unknown } | undefined;

  constructor(sink: StreamSink) {
    this.#sink = sink;
  }

  start(): void {}

  head(status: number, headers: Record<string, string | string[] | undefined>): void {
    this.answer.head(status, headers);
    this.accepted = status === 200;
    if (this.accepted) this.#deliver(() => this.#sink.opened());
  }

  data(chunk: Buffer): void {
    if (this.accepted) this.#deliver(() => this.#sink.data(chunk));
    else this.answer.data(chunk);
  }

  #deliver(work: () => void): void {
    try {
      work();
    } catch (error) {
      this.thrown = { error };
      throw error;
    }
  }
}
