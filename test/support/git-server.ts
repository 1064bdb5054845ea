import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { mkdir, mkdtemp, rm, symlink, writeFile, chmod } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { gitHttpBackend } from "#adapters/git/http-backend.ts";
import { testCertificate } from "./test-certificate.ts";

const execute = promisify(execFile);

/** A file of a commit: its content, a link's target, a submodule's commit, or null to delete it. */
export type FileSpec =
  | string
  | Uint8Array
  | { readonly link: string }
  | { readonly executable: string }
  | { readonly submodule: string }
  | null;

/** How the server behaves; may be changed while it runs. */
export interface GitServerBehaviour {
  basic?: { username: string; password: string };
  bearer?: string;
  /** Where requests are sent instead, as the beginning of an address. */
  redirectTo?: string;
  /** Requests for paths that begin with `from` are sent to `to` on this server. */
  redirectPath?: { from: string; to: string };
  /** Stops answering after this many bytes of a pack. */
  hangAfterBytes?: number;
  refuseFilters?: boolean;
  oldProtocol?: boolean;
  /** What LFS holds for every repository, by SHA-256. */
  lfs?: ReadonlyMap<string, string>;
}

/** What a client asked for. */
export interface SeenRequest {
  readonly service: "list" | "command" | "push";
  readonly authorization: string | undefined;
}

/** A Git server on loopback with repositories made from maps of files. */
export interface GitServer {
  readonly address: string;
  readonly directory: string;
  readonly behaviour: GitServerBehaviour;
  readonly requests: SeenRequest[];
  /** Number of conversations that transferred a pack to a client, from the server's own view. */
  fetches(): number;
  url(name: string): string;
  /** Path of the bare repository. */
  path(name: string): string;
  /** Runs git in the bare repository; returns what it prints, trimmed. */
  git(name: string, ...args: string[]): Promise<string>;
  /** Adds a commit that changes these files to a branch, creating repository and branch as needed; returns its hash. */
  commit(
    name: string,
    files: Readonly<Record<string, FileSpec>>,
    options?: { branch?: string; message?: string },
  ): Promise<string>;
  stop(): Promise<void>;
}

const environment = {
  PATH: process.env["PATH"],
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: "/dev/null",
  GIT_AUTHOR_NAME: "Ada",
  GIT_AUTHOR_EMAIL: "ada@example.org",
  GIT_COMMITTER_NAME: "Ada",
  GIT_COMMITTER_EMAIL: "ada@example.org",
};

/** Starts a server on a free port; `stop` or the signal ends it and removes its files. */
export async function startGitServer(
  options: {
    signal?: AbortSignal;
    /** With `clientCa`, only clients that show a certificate of that authority are let in. */
    tls?: boolean | { cert: string; key: string; clientCa?: string };
  } = {},
): Promise<GitServer> {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-git-"));
  const behaviour: GitServerBehaviour = {};
  const requests: SeenRequest[] = [];
  let packs = 0;
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    if (behaviour.lfs && answersLfs(request, response, behaviour.lfs)) return;
    requests.push({ service: serviceOf(request), authorization: request.headers.authorization });
    if (!isAdmitted(request, behaviour)) return void response.writeHead(401, { "www-authenticate": "Basic" }).end();
    if (behaviour.redirectTo !== undefined) {
      return void response.writeHead(302, { location: behaviour.redirectTo + request.url }).end();
    }
    const moved = behaviour.redirectPath;
    if (moved !== undefined && request.url?.startsWith(moved.from) === true) {
      return void response.writeHead(301, { location: moved.to + request.url.slice(moved.from.length) }).end();
    }
    watchForPack(response, behaviour, () => packs++);
    gitHttpBackend({ directory, allowPush: true, ...behaviour })(request, response);
  };
  const certificate = options.tls === true ? testCertificate : options.tls;
  const server = certificate ? createTlsServer(tlsOptions(certificate), answer) : createServer(answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = `${certificate ? "https" : "http"}://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stop = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
    await rm(directory, { recursive: true, force: true });
  };
  options.signal?.addEventListener("abort", () => server.closeAllConnections());
  const path = (name: string) => join(directory, `${name}.git`);
  return {
    address,
    directory,
    behaviour,
    requests,
    fetches: () => packs,
    url: (name) => `${address}/${name}.git`,
    path,
    git: async (name, ...args) => (await execute("git", args, { cwd: path(name), env: environment })).stdout.trim(),
    commit: (name, files, commitOptions = {}) => commitFiles(path(name), files, commitOptions),
    stop,
  };
}

function tlsOptions({ cert, key, clientCa }: { cert: string; key: string; clientCa?: string }) {
  return { cert, key, ...(clientCa !== undefined && { ca: clientCa, requestCert: true, rejectUnauthorized: true }) };
}

async function commitFiles(
  bare: string,
  files: Readonly<Record<string, FileSpec>>,
  { branch = "main", message = "change" }: { branch?: string; message?: string },
): Promise<string> {
  await execute("git", ["init", "--quiet", "--bare", "--initial-branch=main", bare], { env: environment });
  const work = await mkdtemp(join(tmpdir(), "holdfast-work-"));
  const git = async (...args: string[]) =>
    (
      await execute("git", args, { cwd: work, env: { ...environment, GIT_DIR: bare, GIT_WORK_TREE: work } })
    ).stdout.trim();
  try {
    const tip = await git("rev-parse", "--verify", "--quiet", `refs/heads/${branch}`).catch(() => undefined);
    const start = tip ?? (await git("rev-parse", "--verify", "--quiet", "HEAD").catch(() => undefined));
    await git("read-tree", ...(start === undefined ? ["--empty"] : [start]));
    const changed = Object.keys(files);
    for (const [name, file] of Object.entries(files)) {
      if (file === null) await git("update-index", "--force-remove", "--", name);
      else if (isSubmodule(file)) await git("update-index", "--add", "--cacheinfo", `160000,${file.submodule},${name}`);
      else await placeFile(join(work, name), file);
    }
    const present = changed.filter((name) => files[name] !== null && !isSubmodule(files[name]));
    if (present.length > 0) await git("add", "--force", "--", ...present);
    const tree = await git("write-tree");
    const commit = await git("commit-tree", "-m", message, ...(start === undefined ? [] : ["-p", start]), tree);
    await git("update-ref", `refs/heads/${branch}`, commit);
    return commit;
  } finally {
    await rm(work, { recursive: true, force: true });
  }
}

function isSubmodule(file: FileSpec | undefined): file is { readonly submodule: string } {
  return typeof file === "object" && file !== null && "submodule" in file;
}

async function placeFile(path: string, file: Exclude<FileSpec, { submodule: string } | null>): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (typeof file === "string" || file instanceof Uint8Array) return await writeFile(path, file);
  if ("link" in file) return await symlink(file.link, path);
  await writeFile(path, file.executable);
  await chmod(path, 0o755);
}

function serviceOf(request: IncomingMessage): SeenRequest["service"] {
  if (request.url?.includes("/info/refs") === true) return "list";
  return request.url?.endsWith("git-receive-pack") === true ? "push" : "command";
}

function isAdmitted(request: IncomingMessage, { basic, bearer }: GitServerBehaviour): boolean {
  const given = request.headers.authorization;
  if (bearer !== undefined) return given === `Bearer ${bearer}`;
  if (basic === undefined) return true;
  return given === `Basic ${Buffer.from(`${basic.username}:${basic.password}`).toString("base64")}`;
}

function watchForPack(response: ServerResponse, behaviour: GitServerBehaviour, onPack: () => void): void {
  const write = response.write.bind(response) as (chunk: Uint8Array) => boolean;
  let hasPack = false;
  let sent = 0;
  response.write = ((chunk: Uint8Array) => {
    const text = Buffer.from(chunk).toString("latin1");
    if (!hasPack && text.includes("PACK\0\0\0\u0002")) {
      hasPack = true;
      onPack();
    }
    if (!hasPack || behaviour.hangAfterBytes === undefined) return write(chunk);
    const rest = behaviour.hangAfterBytes - sent;
    sent += chunk.length;
    if (rest > 0) write(chunk.subarray(0, rest));
    // From here on the connection stays open and silent.
    response.end = () => response;
    return true;
  }) as typeof response.write;
}

function answersLfs(request: IncomingMessage, response: ServerResponse, lfs: ReadonlyMap<string, string>): boolean {
  const { url = "", headers } = request;
  if (url.startsWith("/lfs/")) response.end(lfs.get(url.slice("/lfs/".length)));
  else if (url.endsWith(".git/info/lfs/objects/batch")) {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const { objects } = JSON.parse(Buffer.concat(chunks).toString()) as { objects: { oid: string; size: number }[] };
      const offered = objects.map(({ oid, size }) =>
        lfs.has(oid)
          ? { oid, size, actions: { download: { href: `http://${headers.host ?? ""}/lfs/${oid}` } } }
          : { oid, size, error: { code: 404 } },
      );
      response.end(JSON.stringify({ objects: offered }));
    });
  } else return false;
  return true;
}
