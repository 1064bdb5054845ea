import { createPrivateKey, type KeyObject } from "node:crypto";
import type { Resource } from "#core/resource/resource.ts";
import { SourceError } from "#core/source/source-error.ts";
import { secretEntry, secretName } from "../http/secret-entry.ts";

/** An app that is installed at GitHub: by the installation's number, or by whose account it is in. */
export interface GithubApp {
  readonly appId: string;
  readonly installation: { readonly id: string } | { readonly owner: string };
  readonly privateKey: KeyObject;
  /** Address of the API, without a slash at its end. */
  readonly api: string;
}

const publicApi = "https://api.github.com";

/**
 * Reads `githubAppID`, `githubAppInstallationID` or `githubAppInstallationOwner`, `githubAppPrivateKey` and
 * `githubAppBaseURL` of a Secret.
 * @throws SourceError naming the Secret and the key that is wrong, never a value
 */
export function githubAppOf(secret: Resource | undefined): GithubApp {
  const appId = secret && secretEntry(secret, "githubAppID")?.trim();
  if (!secret || !appId) {
    throw new SourceError(
      "provider",
      "secretRef with github app data must be specified when provider is set to github",
    );
  }
  const value = (key: string) => secretEntry(secret, key)?.trim() ?? "";
  const refuse = (problem: string): never => {
    throw new SourceError("auth", `Cannot use Secret ${secretName(secret)} for a GitHub App: ${problem}`);
  };
  if (!isNumber(appId)) return refuse("`githubAppID` is no number");
  const id = value("githubAppInstallationID");
  const owner = value("githubAppInstallationOwner");
  if ((id === "") === (owner === "")) {
    return refuse("it takes one of `githubAppInstallationID` and `githubAppInstallationOwner`");
  }
  if (id !== "" && !isNumber(id)) return refuse("`githubAppInstallationID` is no number");
  const api = (value("githubAppBaseURL") || publicApi).replace(/\/+$/, "");
  if (!/^https?:\/\/[^/@]+/.test(api) || !URL.canParse(api)) return refuse("`githubAppBaseURL` is no http address");
  const privateKey = keyOf(value("githubAppPrivateKey")) ?? refuse("`githubAppPrivateKey` is no RSA key in PEM form");
  return { appId, installation: id === "" ? { owner } : { id }, privateKey, api };
}

/** Refuses a Secret of an app where nobody asked for one. @throws SourceError */
export function mustBeNoApp(secret: Resource | undefined): void {
  if (!secret || !secretEntry(secret, "githubAppID")) return;
  const name = secretName(secret);
  throw new SourceError("provider", `secretRef '${name}' has github app data but provider is not set to github`);
}

function isNumber(text: string): boolean {
  return /^[0-9]{1,19}$/.test(text);
}

function keyOf(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === "rsa" ? key : undefined;
  } catch {
    // What the library says may quote what it was given.
    return undefined;
  }
}
