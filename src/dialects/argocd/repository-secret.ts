import { labelsOf, type Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import { comparableUrl } from "./git-url.ts";
import { SECRET_TYPE, SecretFields, secretName } from "./secret-fields.ts";

/** A repository, or a template whose credentials are those of every repository that begins like it. */
export interface RepositorySecret {
  readonly name: string;
  /** Changes whenever the Secret does. */
  readonly version: string;
  readonly isTemplate: boolean;
  readonly url: string;
  /** The form in which addresses are compared. */
  readonly comparable: string;
  readonly type: string;
  /** Name that charts refer to the repository by; "" for none. */
  readonly alias: string;
  /** The only project whose apps may use it; "": all. */
  readonly project: string;
  /** Credentials as the Secret holds them, in its own keys. */
  readonly entries: Readonly<Record<string, string>>;
  readonly flags: RepositoryFlags;
  readonly proxy: string;
  readonly noProxy: string;
  readonly problems: readonly Problem[];
}

/** Switches of a repository. */
export interface RepositoryFlags {
  /** Any certificate and any host key is accepted. */
  readonly insecure: boolean;
  /** A registry is spoken to without TLS. */
  readonly plainHttp: boolean;
  readonly enableLfs: boolean;
  readonly enableOci: boolean;
  readonly azureIdentity: boolean;
}

const CREDENTIALS = [
  "username",
  "password",
  "bearerToken",
  "sshPrivateKey",
  "tlsClientCertData",
  "tlsClientCertKey",
  "githubAppID",
  "githubAppInstallationID",
  "githubAppEnterpriseBaseUrl",
  "githubAppPrivateKey",
  "gcpServiceAccountKey",
];

const TYPES = ["", "git", "helm", "oci"];
const known = new WeakMap<Resource, RepositorySecret>();

/** What a Secret declares of repositories; null for one that declares something else. */
export function repositorySecret(secret: Resource): RepositorySecret | null {
  const type = labelsOf(secret)[SECRET_TYPE];
  if (type !== "repository" && type !== "repo-creds") return null;
  const read = known.get(secret) ?? parse(secret, type === "repo-creds");
  known.set(secret, read);
  return read;
}

function parse(secret: Resource, isTemplate: boolean): RepositorySecret {
  const fields = new SecretFields(secret);
  const url = fields.text("url");
  if (url === "") fields.refuse("url", "is missing");
  const type = fields.text("type").toLowerCase();
  if (!TYPES.includes(type)) fields.refuse("type", "is none of git, helm and oci");
  for (const key of ["githubAppID", "githubAppInstallationID", "depth"]) fields.number(key);
  const flags = {
    insecure: [fields.flag("insecure"), fields.flag("insecureIgnoreHostKey")].includes(true),
    plainHttp: fields.flag("insecureOCIForceHttp"),
    enableLfs: fields.flag("enableLfs"),
    enableOci: fields.flag("enableOCI"),
    azureIdentity: fields.flag("useAzureWorkloadIdentity"),
  };
  // Credentials are sent without being asked for them, whatever it says.
  fields.flag("forceHttpBasicAuth");
  const entries = CREDENTIALS.map((key) => [key, fields.encoded(key)] as const).filter(([, value]) => value);
  const { uid = "", resourceVersion = "" } = secret.metadata;
  return {
    name: secretName(secret),
    version: `${uid}/${resourceVersion}`,
    isTemplate,
    url,
    comparable: comparableUrl(url),
    type: type || "git",
    alias: fields.text("name"),
    project: isTemplate ? "" : fields.text("project"),
    entries: Object.fromEntries(entries) as Record<string, string>,
    flags,
    proxy: fields.text("proxy"),
    noProxy: fields.text("noProxy"),
    problems: fields.problems,
  };
}
