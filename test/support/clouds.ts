import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { cloudCertificate } from "./cloud-certificate.ts";

/** A request as a cloud got it. */
export interface CloudRequest {
  readonly method: string;
  readonly host: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What a cloud says to it; an object is sent as JSON. */
export interface CloudAnswer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: string | object;
}

/** Stands for every host of every cloud, behind a proxy that is the only way to them. */
export interface Clouds {
  readonly proxy: string;
  readonly requests: readonly CloudRequest[];
  stop(): Promise<void>;
}

/**
 * Starts the clouds; this process trusts their certificate until they stop. What is for one of the hosts is led on to the
 * server of that address.
 */
export async function startClouds(
  answer: (asked: CloudRequest) => CloudAnswer,
  hosts: Readonly<Record<string, string>> = {},
): Promise<Clouds> {
  const trusted = getCACertificates("default");
  setDefaultCACertificates([...trusted, cloudCertificate.cert]);
  const requests: CloudRequest[] = [];
  const sockets = new Set<Socket>();
  const behind = createTlsServer(cloudCertificate, (incoming, response) => {
    const server = hosts[incoming.headers.host ?? ""];
    if (server !== undefined) return leadOn(server, incoming, response);
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => void chunks.push(chunk));
    incoming.on("end", () => {
      const { method = "", url: path = "", headers } = incoming;
      const asked = { method, host: headers.host ?? "", path, headers, body: Buffer.concat(chunks).toString("utf8") };
      requests.push(asked);
      const { status = 200, headers: told = {}, body } = answer(asked);
      const text = typeof body === "string" ? body : JSON.stringify(body);
      const type = typeof body === "string" ? "text/xml" : "application/json";
      response.writeHead(status, { "content-type": type, ...told }).end(text);
    });
  });
  const proxy = createServer();
  proxy.on("connection", (socket) => void sockets.add(socket));
  proxy.on("connect", (_incoming, client) => {
    client.on("error", () => {});
    client.write("HTTP/1.1 200 Connection established\r\n\r\n");
    behind.emit("connection", client);
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  return {
    proxy: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`,
    requests,
    stop: async () => {
      setDefaultCACertificates(trusted);
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}

function leadOn(server: string, incoming: IncomingMessage, response: ServerResponse): void {
  const { method = "GET", url = "", headers } = incoming;
  const onward = request(new URL(url, server), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  onward.on("error", () => response.destroy());
  incoming.pipe(onward);
}
