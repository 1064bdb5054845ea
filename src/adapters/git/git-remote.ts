import { withDeadline } from "#async/with-deadline.ts";
import { certificateProblem } from "./certificate-problem.ts";
import { secretsOf, withCredential } from "./git-credential.ts";
import { transportEnvironment } from "./git-environment.ts";
import type { GitPlace, GitSettings, GitSurroundings } from "./git-environment.ts";
import { asTimeout, GitError, gitFailure } from "./git-error.ts";
import type { GitLogin } from "./git-login.ts";
import { runGit } from "./git-process.ts";
import type { GitExit } from "./git-process.ts";
import { proxySecrets, proxySettings } from "./git-proxy.ts";
import { redirectTarget } from "./redirect-target.ts";
import type { Route } from "./redirect-target.ts";

/** One conversation with the server. */
export interface RemoteCommand {
  /** What it is for, as it reads after "Cannot". */
  readonly action: string;
  readonly args: readonly string[];
  readonly input?: string;
  readonly settings?: GitSettings;
  readonly env?: NodeJS.ProcessEnv;
  readonly fileLimitBytes?: number;
  readonly timeoutMs: number;
}

/** A server's repository: runs the git commands that talk to it, with its credential. */
export class GitRemote {
  readonly #login: GitLogin | undefined;
  readonly #surroundings: GitSurroundings;
  readonly #privateDirectory: string;
  readonly #place: GitPlace;
  #origin: Route;
  #route: Route;

  constructor(
    origin: Route,
    places: { surroundings: GitSurroundings; privateDirectory: string; place: GitPlace; login?: GitLogin },
  ) {
    this.#origin = origin;
    this.#route = origin;
    this.#login = places.login;
    this.#surroundings = places.surroundings;
    this.#privateDirectory = places.privateDirectory;
    this.#place = places.place;
  }

  /** Runs the command within its time; resolves with git's exit when that is 0 and with the failure otherwise. */
  async run(command: RemoteCommand, signal: AbortSignal): Promise<GitExit | GitError> {
    try {
      return await withDeadline(signal, command.timeoutMs, (scope) => this.#run(command, scope));
    } catch (error) {
      throw asTimeout(command.action, error);
    }
  }

  async #run(command: RemoteCommand, signal: AbortSignal): Promise<GitExit | GitError> {
    await this.#logIn(signal);
    const exit = await this.#attempt(command, signal);
    if (exit.code === 0) return exit;
    const failure = await this.#failure(command, exit, signal);
    if (failure.code !== "redirect" || !this.#origin.transport.startsWith("http")) {
      this.#route = this.#origin;
      return failure;
    }
    // Redirects are followed by our own rules because git would send its headers along to any host.
    this.#route = await redirectTarget(this.#origin, signal);
    const second = await this.#attempt(command, signal);
    if (second.code === 0) return second;
    const after = await this.#failure(command, second, signal);
    this.#route = this.#origin;
    return after;
  }

  async #logIn(signal: AbortSignal): Promise<void> {
    const credential = await this.#login?.credential(signal);
    if (credential === undefined || credential === this.#origin.credential) return;
    this.#origin = { ...this.#origin, credential };
    this.#route = this.#origin;
  }

  #attempt(command: RemoteCommand, signal: AbortSignal): Promise<GitExit> {
    const { address, transport, credential, proxy } = this.#route;
    return withCredential(this.#privateDirectory, credential, (use) => {
      const settings = [...use.settings, ...proxySettings(proxy), ...(command.settings ?? [])];
      const isProxied = proxy !== null;
      const remote = { address, transport, settings, env: { ...use.env, ...command.env }, isProxied };
      return runGit(
        {
          args: command.args,
          env: transportEnvironment(this.#surroundings, this.#place, remote),
          ...(command.input === undefined ? {} : { input: command.input }),
          ...(command.fileLimitBytes === undefined ? {} : { fileLimitBytes: command.fileLimitBytes }),
        },
        signal,
      );
    });
  }

  async #failure(command: RemoteCommand, exit: GitExit, signal: AbortSignal): Promise<GitError> {
    const { credential, proxy } = this.#origin;
    const failure = gitFailure(command.action, exit.stderr, [...secretsOf(credential), ...proxySecrets(proxy)]);
    if (failure.code === "authentication") this.#login?.forget();
    const problem = failure.code === "certificate" ? await certificateProblem(this.#route, signal) : undefined;
    return problem === undefined ? failure : new GitError("certificate", `${failure.message}: ${problem}`);
  }
}
