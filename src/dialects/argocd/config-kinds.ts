import type { DialectKind } from "#core/app/dialect.ts";
import { SECRET_TYPE } from "./secret-fields.ts";

/** The API of the vendor's own kinds. */
export const ARGO_API = { group: "argoproj.io", version: "v1alpha1" } as const;

const CORE = { group: "", version: "v1" } as const;
const SECRETS = ["cluster", "repository", "repo-creds"];

/** ConfigMap of the certificates of authorities, by the hosts that they are for. */
export const CERTIFICATES = "argocd-tls-certs-cm";

/** ConfigMap of the host keys of SSH servers. */
export const KNOWN_HOSTS = "argocd-ssh-known-hosts-cm";

/** ConfigMap of the public keys that people sign commits with. */
export const SIGNING_KEYS = "argocd-gpg-keys-cm";

const DECLARED = { key: SECRET_TYPE, operator: "in", values: SECRETS } as const;

/** What applications are read with: projects, and the Secrets and ConfigMaps of the installation. */
export function configKinds(namespace: string): readonly DialectKind[] {
  const selector = { text: `${SECRET_TYPE} in (${SECRETS.join(",")})`, parsed: [DECLARED] };
  const names = [CERTIFICATES, KNOWN_HOSTS, SIGNING_KEYS];
  return [
    { ...ARGO_API, kind: "AppProject", plural: "appprojects", short: "appproj" },
    { ...CORE, kind: "Secret", plural: "secrets", short: "secret", only: { namespace, selector } },
    { ...CORE, kind: "ConfigMap", plural: "configmaps", short: "cm", only: { namespace, names } },
  ];
}
