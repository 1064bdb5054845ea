/** Selects the objects that a patch or replacement applies to, in Kustomize's own words. */
export interface KustomizeTarget {
  readonly group?: string;
  readonly version?: string;
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly annotationSelector?: string;
}

/** What an app adds to the kustomization found at its path. */
export interface KustomizeOverrides {
  readonly namespace?: string;
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  readonly patches?: readonly { readonly patch: string; readonly target?: KustomizeTarget }[];
  readonly images?: readonly {
    readonly name: string;
    readonly newName?: string;
    readonly newTag?: string;
    readonly digest?: string;
  }[];
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  readonly components?: readonly string[];
  readonly ignoreMissingComponents?: boolean;
  readonly labels?: readonly {
    readonly pairs: Readonly<Record<string, string>>;
    readonly includeSelectors?: boolean;
    readonly includeTemplates?: boolean;
  }[];
  readonly commonAnnotations?: Readonly<Record<string, string>>;
  readonly buildMetadata?: readonly string[];
}

/** How the files at a path become objects. */
export type RenderSpec =
  | {
      readonly kind: "kustomize";
      readonly overrides: KustomizeOverrides;
      /** Without a kustomization file: generate one over every manifest below the path. */
      readonly generate: boolean;
    }
  | DirectorySpec
  /** Kustomize when the path holds a kustomization file, plain files otherwise. */
  | { readonly kind: "detect"; readonly overrides: KustomizeOverrides; readonly directory: DirectorySpec };

/** Plain manifests of one directory. */
export interface DirectorySpec {
  readonly kind: "directory";
  readonly recurse: boolean;
  /** Glob over paths relative to the app's path; empty: every manifest. */
  readonly include: string;
  readonly exclude: string;
}
