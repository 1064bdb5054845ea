import type { KindRows } from "./rows.ts";
import {
  all,
  because,
  behind,
  degraded,
  each,
  field,
  filled,
  healthy,
  is,
  no,
  not,
  progressing,
  readyRows,
  state,
  unobserved,
} from "./rows.ts";

const acme = [
  healthy(state("valid")),
  degraded(state("invalid", "expired", "errored"), "/status/reason"),
  progressing(filled("status/state"), "/status/reason"),
];

/** Certificates and secrets: the operators that issue, fetch and unseal them. */
export const secretKinds: KindRows = {
  // cert-manager.io, docs "Certificate resource", "Issuer", "CertificateRequest": conditions
  "cert-manager.io/Certificate": [progressing(is("Issuing")), degraded(no("Ready")), healthy(is("Ready"))],
  ...each("cert-manager.io", ["Issuer", "ClusterIssuer"], [degraded(no("Ready")), healthy(is("Ready"))]),
  "cert-manager.io/CertificateRequest": [
    degraded(is("Denied", "InvalidRequest")),
    healthy(is("Ready")),
    progressing(because("Ready", "Pending")),
    degraded(no("Ready")),
  ],
  ...each("acme.cert-manager.io", ["Order", "Challenge"], acme),
  "trust.cert-manager.io/Bundle": [degraded(no("Synced")), healthy(is("Synced"))],
  ...each("certmanager.k8s.io", ["Certificate", "Issuer"], [degraded(no("Ready")), healthy(is("Ready"))]),
  // external-secrets.io, "API: status"
  ...each(
    "external-secrets.io",
    ["ExternalSecret", "PushSecret", "SecretStore", "ClusterSecretStore", "ClusterPushSecret"],
    [degraded(no("Ready")), healthy(is("Ready"))],
  ),
  "external-secrets.io/ClusterExternalSecret": [
    healthy(is("Ready")),
    degraded(is("NotReady", "PartiallyReady")),
    degraded(no("Ready")),
  ],
  "kubernetes-client.io/ExternalSecret": [
    healthy(field("status/status", "SUCCESS")),
    degraded(all(filled("status/status"), not(field("status/status", "SUCCESS"))), "/status/status"),
  ],
  "bitnami.com/SealedSecret": [progressing(unobserved), degraded(no("Synced")), healthy(is("Synced"))],
  "isindir.github.com/SopsSecret": [
    healthy(field("status/message", "Healthy")),
    degraded(filled("status/message"), "/status/message"),
  ],
  "onepassword.com/OnePasswordItem": readyRows,
  "secrets.infisical.com/InfisicalSecret": [
    degraded(no("secrets.infisical.com/ReadyToSyncSecrets")),
    healthy(is("secrets.infisical.com/ReadyToSyncSecrets")),
  ],
  "secrets.doppler.com/DopplerSecret": [
    degraded(no("secrets.doppler.com/SecretSyncReady")),
    healthy(is("secrets.doppler.com/SecretSyncReady")),
  ],
  // The operator of HashiCorp and the one of bank-vaults
  ...each(
    "secrets.hashicorp.com",
    ["VaultAuth", "VaultConnection", "HCPAuth"],
    [healthy(field("status/valid", true)), degraded(field("status/valid", false), "/status/error")],
  ),
  ...each(
    "secrets.hashicorp.com",
    ["VaultStaticSecret", "VaultDynamicSecret", "VaultPKISecret"],
    [
      degraded(no("SecretSynced", "Healthy")),
      progressing(behind),
      healthy(is("SecretSynced", "Ready")),
      healthy(filled("status/secretMAC")),
      healthy(filled("status/lastRenewalTime")),
      healthy(filled("status/serialNumber")),
    ],
  ),
  "vault.banzaicloud.com/Vault": [
    degraded(no("Healthy"), "/status/conditions/error"),
    healthy(is("Healthy")),
    healthy(filled("status/leader")),
  ],
};
