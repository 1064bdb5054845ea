import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer, type ServerOptions } from "node:https";
import type { AddressInfo } from "node:net";
import { TLSSocket } from "node:tls";
import { packedChart } from "#adapters/upstream/helm-bench.ts";

/** What the client asked for. */
export interface ChartRequest {
  readonly path: string;
  readonly authorization: string | undefined;
  /** Whether the client told which index it has. */
  readonly isConditional: boolean;
  /** Whether the client showed a certificate. */
  readonly isCertified: boolean;
}

/** How a server speaks TLS. */
export type ChartServerTls = ServerOptions;

/** How a chart is published. */
export interface PublishedChart {
  /** Name that the chart itself has, where it is another. */
  readonly holds?: string;
  /** Digest in the index, where it is another than the content's. */
  readonly digest?: string;
  /** Place in the index, where it is another than `charts/<name>-<version>.tgz`. */
  readonly place?: string;
  readonly files?: Readonly<Record<string, string>>;
  /** The whole chart as it is packed, where it is not made of the files above. */
  readonly packed?: Uint8Array;
}

/** A chart repository as any web server is one. */
export class ChartServer {
  /** Known once it is started. */
  url = "";
  readonly requests: ChartRequest[] = [];
  /** Asked of everybody, when set. */
  login: { readonly username: string; readonly password: string } | undefined;
  /** Answers nothing but this status, when set. */
  status: number | undefined;
  /** Where charts are to be fetched instead, when set: the beginning of an address. */
  redirect: string | undefined;
  /** Takes the place of the index, when set. */
  index: string | undefined;
  readonly #files = new Map<string, Buffer>();
  readonly #entries = new Map<string, string[]>();
  readonly #scheme: string;
  readonly #server: ReturnType<typeof createServer> | ReturnType<typeof createTlsServer>;

  constructor(tls?: ChartServerTls) {
    const answer = (request: IncomingMessage, response: ServerResponse) => this.#answer(request, response);
    this.#scheme = tls ? "https" : "http";
    this.#server = tls ? createTlsServer(tls, answer) : createServer(answer);
  }

  async start(): Promise<this> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    this.url = `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}/stable`;
    return this;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** Adds a version of a chart; returns its packed form. */
  publish(name: string, version: string, chart: PublishedChart = {}): Buffer {
    const packed = Buffer.from(chart.packed ?? chartArchive(chart.holds ?? name, version, chart.files));
    const place = chart.place ?? `charts/${name}-${version}.tgz`;
    this.#files.set(`/stable/charts/${name}-${version}.tgz`, packed);
    const digest = chart.digest ?? createHash("sha256").update(packed).digest("hex");
    const entry = `  - {apiVersion: v2, name: ${name}, version: ${version}, digest: "${digest}", urls: ["${place}"]}\n`;
    this.#entries.set(name, [...(this.#entries.get(name) ?? []), entry]);
    return packed;
  }

  /** What was asked for since the last call, without what is before the last slash. */
  asked(): string[] {
    return this.requests.splice(0).map(({ path }) => path.split("/").at(-1) ?? "");
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { pathname } = new URL(request.url ?? "/", "http://charts");
    const { authorization } = request.headers;
    const known = request.headers["if-none-match"];
    const isCertified = request.socket instanceof TLSSocket && "subject" in request.socket.getPeerCertificate();
    this.requests.push({ path: pathname, authorization, isConditional: known !== undefined, isCertified });
    const wanted = this.login && `Basic ${btoa(`${this.login.username}:${this.login.password}`)}`;
    if (this.status !== undefined) return void response.writeHead(this.status).end();
    if (wanted !== undefined && authorization !== wanted) return void response.writeHead(401).end();
    if (this.redirect !== undefined && pathname.endsWith(".tgz")) {
      return void response.writeHead(302, { location: `${this.redirect}${pathname}` }).end();
    }
    const body = pathname === "/stable/index.yaml" ? Buffer.from(this.#indexText()) : this.#files.get(pathname);
    if (body === undefined) return void response.writeHead(404).end();
    const etag = `"${createHash("sha256").update(body).digest("hex")}"`;
    if (known === etag) return void response.writeHead(304).end();
    response.writeHead(200, { etag }).end(body);
  }

  #indexText(): string {
    const charts = [...this.#entries].map(([name, entries]) => `  ${name}:\n${entries.join("")}`);
    return this.index ?? `apiVersion: v1\nentries:\n${charts.join("")}generated: "2026-01-01T00:00:00Z"\n`;
  }
}

/** A packed chart with a template and values. */
export function chartArchive(name: string, version: string, files: Readonly<Record<string, string>> = {}): Uint8Array {
  return packedChart(name, {
    "Chart.yaml": `apiVersion: v2\nname: ${name}\nversion: ${version}\n`,
    "values.yaml": "size: 1\n",
    "templates/a.yaml": "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n",
    ...files,
  });
}
