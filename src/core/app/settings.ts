/** Fixed facts about the installation. */
export interface Settings {
  /** Namespace of the vendor's control plane, e.g. where projects live. */
  readonly controlNamespace: string;
  /** Apps may use sources of their own namespace only. */
  readonly ownNamespaceOnly: boolean;
  /** The service account that apps act as which name none; null: the controller itself. */
  readonly defaultServiceAccount: string | null;
  /** Kustomizations may take from other repositories. */
  readonly remoteBases: boolean;
}

/** The settings of an installation where nobody chose any. */
export function usualSettings(controlNamespace: string): Settings {
  return { controlNamespace, ownNamespaceOnly: false, defaultServiceAccount: null, remoteBases: true };
}
