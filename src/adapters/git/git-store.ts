import { createHmac, randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LRUCache } from "lru-cache";
import type { SignatureCheck } from "#engine/ports.ts";
import type { CachedTree, GitLimits } from "./commit-store.ts";
import { effectiveCredential } from "./git-credential.ts";
import type { GitCredential } from "./git-credential.ts";
import { GitError } from "./git-error.ts";
import type { GitLogin } from "./git-login.ts";
import { localEnvironment } from "./git-environment.ts";
import type { GitSurroundings } from "./git-environment.ts";
import { runGit } from "./git-process.ts";
import { proxyFor } from "./git-proxy.ts";
import type { GitProxy } from "./git-proxy.ts";
import { GitRemote } from "./git-remote.ts";
import { GitRepository } from "./git-repository.ts";
import { parseGitUrl } from "./git-url.ts";
import { ObjectStore } from "./object-store.ts";

/** A repository and how to prove who we are to it. */
export interface GitRepositorySpec {
  readonly url: string;
  readonly credential: GitCredential;
  /** Gets the credential when it is needed; the one above is of no matter then. */
  readonly login?: GitLogin;
  /** What connections go through; without one, what the environment says. */
  readonly proxy?: GitProxy;
}

/** Where repositories are kept and what they may use. */
export interface GitStoreOptions {
  /** Owned by one process at a time. */
  readonly directory: string;
  /** For tests: repositories on the local disk. */
  readonly allowFileUrls?: boolean;
  /** Where git and ssh are looked up; PATH by default. */
  readonly searchPath?: string;
  readonly limits?: Partial<GitLimits>;
  /** Without it nothing can be verified. */
  readonly checkSignature?: SignatureCheck;
}

const defaultLimits: GitLimits = {
  fetchTimeoutMs: 60_000,
  eagerBlobBytes: 1 << 20,
  maxPackBytes: 512 << 20,
  maxFileBytes: 10 << 20,
  maxReadBytes: 128 << 20,
  maxTreeEntries: 200_000,
  keptCommits: 32,
  maxPacks: 40,
};
// About 100 MiB of names; a single listing never exceeds the cap on entries.
const cachedEntries = 400_000;

/** The local stores of every repository in use: one for each address and credential. */
export class GitStore {
  readonly #options: GitStoreOptions;
  readonly #limits: GitLimits;
  readonly #surroundings: GitSurroundings;
  readonly #repositories = new Map<string, GitRepository>();
  readonly #trees = new LRUCache<string, CachedTree>({
    maxSize: cachedEntries,
    sizeCalculation: ({ listing }) => listing.entries.size + 1,
  });
  #key: Buffer | undefined;

  constructor(options: GitStoreOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
    const searchPath = options.searchPath ?? process.env["PATH"] ?? "/usr/bin:/bin";
    this.#surroundings = { home: join(options.directory, "home"), searchPath };
  }

  /** Rejects with a clear error unless a git that is new enough is installed. */
  async checkGit(signal: AbortSignal): Promise<void> {
    const place = { gitDir: this.#surroundings.home, objects: this.#surroundings.home };
    const { stdout } = await runGit({ args: ["version"], env: localEnvironment(this.#surroundings, place) }, signal);
    const version = /(\d+)\.(\d+)/.exec(stdout.toString("utf8"));
    const [major, minor] = [Number(version?.[1] ?? 0), Number(version?.[2] ?? 0)];
    if (major > 2 || (major === 2 && minor >= 39)) return;
    throw new GitError("unsupported", `Cannot use git ${version?.[0] ?? ""}: 2.39 or newer is needed`);
  }

  /** The repository of an address and a credential; the same one for equal specs. @throws GitError `refused-url` */
  open(spec: GitRepositorySpec): GitRepository {
    const url = parseGitUrl(spec.url, this.#options.allowFileUrls === true);
    const credential = effectiveCredential(spec.credential, url);
    const proxy = proxyFor(url, spec.proxy);
    const { login } = spec;
    const named = [url.address, credential, ...(proxy || login ? [proxy] : []), ...(login ? [login.identity] : [])];
    const key = createHmac("sha256", this.#hashKey()).update(JSON.stringify(named)).digest("hex").slice(0, 32);
    const known = this.#repositories.get(key);
    if (known !== undefined) return known;
    const store = new ObjectStore(join(this.#options.directory, "repositories", key), this.#surroundings);
    const origin = { address: url.address, transport: url.transport, credential, proxy };
    const remote = new GitRemote(origin, {
      ...(login && { login }),
      surroundings: this.#surroundings,
      privateDirectory: join(this.#options.directory, "private"),
      place: store.writing,
    });
    const repository = new GitRepository({
      key,
      remote,
      store,
      surroundings: this.#surroundings,
      limits: this.#limits,
      trees: this.#trees,
      ...(this.#options.checkSignature && { checkSignature: this.#options.checkSignature }),
    });
    this.#repositories.set(key, repository);
    return repository;
  }

  /** The settings in a `.gitmodules`. @throws GitError `refused-content` */
  async settingsIn(bytes: Uint8Array, signal: AbortSignal): Promise<readonly (readonly [string, string])[]> {
    this.#hashKey();
    const place = { gitDir: this.#surroundings.home, objects: this.#surroundings.home };
    const env = localEnvironment(this.#surroundings, place);
    const args = ["config", "--no-includes", "--file", "-", "--null", "--list"];
    const exit = await runGit({ args, env, input: bytes }, signal);
    if (exit.code !== 0) throw new GitError("refused-content", "Cannot read .gitmodules: git does not parse it");
    const records = exit.stdout.toString("utf8").split("\0").slice(0, -1);
    return records.map((record) => {
      const end = record.indexOf("\n");
      return end < 0 ? [record, ""] : [record.slice(0, end), record.slice(end + 1)];
    });
  }

  /** Sizes that the store's repositories may reach. */
  get limits(): GitLimits {
    return this.#limits;
  }

  /** Stops every helper process. */
  async close(): Promise<void> {
    await Promise.all([...this.#repositories.values()].map((repository) => repository.stop()));
    this.#repositories.clear();
  }

  /** Names of stores are keyed hashes, so that they tell nothing about the credentials in them. */
  #hashKey(): Buffer {
    if (this.#key !== undefined) return this.#key;
    const { directory } = this.#options;
    mkdirSync(this.#surroundings.home, { recursive: true, mode: 0o700 });
    rmSync(join(directory, "private"), { recursive: true, force: true });
    const path = join(directory, "key");
    try {
      this.#key = readFileSync(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      this.#key = randomBytes(32);
      writeFileSync(path, this.#key, { mode: 0o600, flag: "wx" });
    }
    return this.#key;
  }
}
