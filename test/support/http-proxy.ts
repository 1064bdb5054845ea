import { createServer, request } from "node:http";
import type { IncomingMessage } from "node:http";
import { connect } from "node:net";
import type { AddressInfo, Socket } from "node:net";

/** An HTTP proxy on loopback that notes where it leads to. */
export interface HttpProxy {
  readonly address: string;
  /** `host:port` of each tunnel, and the address of each plain request, that was let through. */
  readonly targets: string[];
  /** How many requests were refused for their credentials. */
  refused(): number;
  stop(): Promise<void>;
}

/** Starts a proxy that asks for this user, if one is given. */
export async function startHttpProxy(user?: { username: string; password: string }): Promise<HttpProxy> {
  const targets: string[] = [];
  const sockets = new Set<Socket>();
  let refused = 0;
  const wanted = user && `Basic ${Buffer.from(`${user.username}:${user.password}`).toString("base64")}`;
  const isAdmitted = (incoming: IncomingMessage) => {
    if (wanted === undefined || incoming.headers["proxy-authorization"] === wanted) return true;
    refused += 1;
    return false;
  };
  const server = createServer((incoming, response) => {
    if (!isAdmitted(incoming)) return void response.writeHead(407, { "proxy-authenticate": "Basic" }).end();
    const url = new URL(incoming.url ?? "");
    targets.push(url.href);
    const { "proxy-authorization": _proof, ...headers } = incoming.headers;
    const onward = request(url, { method: incoming.method ?? "GET", headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(response);
    });
    onward.on("error", () => response.destroy());
    incoming.pipe(onward);
  });
  server.on("connection", (socket) => void sockets.add(socket));
  server.on("connect", (incoming, client) => {
    client.on("error", () => {});
    if (!isAdmitted(incoming)) {
      return void client.end("HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n");
    }
    targets.push(incoming.url ?? "");
    const [host = "", port] = (incoming.url ?? "").split(":");
    const upstream = connect(Number(port), host, () => {
      client.write("HTTP/1.1 200 Connection established\r\n\r\n");
      upstream.pipe(client).pipe(upstream);
    });
    upstream.on("error", () => client.destroy());
    client.on("close", () => upstream.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    targets,
    refused: () => refused,
    stop: async () => {
      const closed = new Promise((resolve) => server.close(resolve));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
