import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { gitHttpBackend } from "#adapters/git/http-backend.ts";

/** Serves the repositories of one folder on loopback. */
export interface DemoGitServer {
  readonly address: string;
  stop(): Promise<void>;
}

/** Starts a server on a free port; hears of each push when it is there, as a webhook would. */
export async function startGitServer(directory: string, onPush: () => void): Promise<DemoGitServer> {
  const backend = gitHttpBackend({ directory, allowPush: true });
  const server = createServer((request, response) => {
    const isPush = request.method === "POST" && request.url?.endsWith("/git-receive-pack") === true;
    if (isPush) response.once("finish", onPush);
    backend(request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
