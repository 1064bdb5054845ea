/** Fixed facts about the installation. */
export interface Settings {
  /** Namespace of the vendor's control plane, e.g. where projects live. */
  readonly controlNamespace: string;
  /** Apps may use sources of their own namespace only. */
  readonly ownNamespaceOnly: boolean;
  /** The service account that apps act as which name none; null: the controller itself. */
  readonly defaultServiceAccount: string | null;
  /** The service account as which clouds open what apps have encrypted which name none; null: the controller itself. */
  readonly defaultDecryptionAccount: string | null;
  /** The service account as which other clusters are reached where nobody is named; null: the controller itself. */
  readonly defaultClusterAccount: string | null;
  /** Kustomizations may take from other repositories. */
  readonly remoteBases: boolean;
  /** Programs beside this one may make manifests. */
  readonly plugins: boolean;
}

/** The settings of an installation where nobody chose any. */
export function usualSettings(controlNamespace: string): Settings {
  const nobody = { defaultServiceAccount: null, defaultDecryptionAccount: null, defaultClusterAccount: null };
  return { controlNamespace, ownNamespaceOnly: false, ...nobody, remoteBases: true, plugins: false };
}
