import type { CloudRepositories, GitCaller, GitPassword } from "#engine/cloud-identity.ts";
import type { GitCredential, GitTls } from "./git-credential.ts";
import type { GitLogin } from "./git-login.ts";

/** What getting passwords of a cloud takes. */
export interface CloudLoginParts {
  readonly clouds: CloudRepositories;
  readonly asked: GitCaller;
  readonly tls: GitTls;
}

/** Gets what a cloud's Git server takes, each for as long as it lasts; those who give it keep it. */
export class CloudLogin implements GitLogin {
  readonly #parts: CloudLoginParts;
  #held: { readonly given: GitPassword; readonly credential: GitCredential } | undefined;

  constructor(parts: CloudLoginParts) {
    this.#parts = parts;
  }

  get identity(): string {
    const { asked, tls } = this.#parts;
    const { cloud, identity, proxy } = asked;
    return JSON.stringify([cloud, identity && [identity.namespace, identity.name], proxy, tls]);
  }

  async credential(signal: AbortSignal): Promise<GitCredential> {
    const { clouds, asked, tls } = this.#parts;
    const given = await clouds.gitPassword(asked, signal);
    if (this.#held?.given.password === given.password) return this.#held.credential;
    const { username, password } = given;
    const credential: GitCredential =
      username === null ? { kind: "bearer", token: password, ...tls } : { kind: "basic", username, password, ...tls };
    this.#held = { given, credential };
    return credential;
  }

  forget(): void {
    this.#held = undefined;
  }

  of(url: string): CloudLogin {
    const { asked, ...parts } = this.#parts;
    return new CloudLogin({ ...parts, asked: { ...asked, url } });
  }
}
