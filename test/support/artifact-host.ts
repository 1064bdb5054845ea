import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server that holds what somebody else's controller made. */
export class ArtifactHost {
  readonly requests: string[] = [];
  readonly #files = new Map<string, Uint8Array>();
  readonly #server: Server = createServer((request, response) => {
    this.requests.push(request.url ?? "");
    const body = this.#files.get(request.url ?? "");
    if (body === undefined) response.writeHead(404).end();
    else response.end(body);
  });

  async start(): Promise<this> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Holds a file and says of it what a status says. */
  put(name: string, bytes: Uint8Array, revision: string): Artifact {
    const { port } = this.#server.address() as AddressInfo;
    this.#files.set(`/${name}`, bytes);
    return {
      url: `http://127.0.0.1:${port}/${name}`,
      path: name,
      revision,
      digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}`,
      lastUpdateTime: "2026-01-01T00:00:00Z",
      size: bytes.length,
    };
  }
}

/** An artifact in a status. */
export interface Artifact {
  readonly url: string;
  readonly path: string;
  readonly revision: string;
  readonly digest: string;
  readonly lastUpdateTime: string;
  readonly size: number;
}
