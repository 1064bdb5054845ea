import type { ValuesPart } from "#core/helm/values-part.ts";
import type { ObjectName } from "#core/source/source.ts";

/** What an owner of a kustomization may set over the file in the repository; kustomize's own names and meanings. */
export interface KustomizeOverrides {
  readonly namespace?: string;
  readonly namePrefix?: string;
  readonly nameSuffix?: string;
  /** Come after the file's own. */
  readonly patches?: readonly KustomizePatch[];
  readonly images?: readonly KustomizeImage[];
  /**
   * How an image meets the file's entry of the same name: `fields` keeps what it leaves open (tag and digest clear each
   * other), `replace` keeps only fields given as "*".
   */
  readonly imageMerge?: "fields" | "replace";
  readonly replicas?: readonly { readonly name: string; readonly count: number }[];
  /** Come after the file's own. */
  readonly components?: readonly string[];
  readonly ignoreMissingComponents?: boolean;
  readonly labels?: KustomizeAddedPairs & { readonly includeSelectors?: boolean; readonly includeTemplates?: boolean };
  readonly annotations?: KustomizeAddedPairs;
  readonly buildMetadata?: readonly string[];
}

/** What an installation lets its kustomizations do, and what the templates of their charts are told. */
export interface KustomizeBuildOptions {
  /** Whether charts that kustomizations name are rendered. */
  readonly enableHelm?: boolean;
  /** Keeps files that a kustomization loads below its own folder, instead of in the repository. */
  readonly rootOnly?: boolean;
  readonly managedByLabel?: boolean;
  readonly reorder?: "legacy" | "none";
  readonly kubeVersion?: string;
  readonly apiVersions?: readonly string[];
}

/** A patch, inline or in a file, and what it applies to. */
export interface KustomizePatch {
  readonly patch?: string;
  readonly path?: string;
  readonly target?: {
    readonly group?: string;
    readonly version?: string;
    readonly kind?: string;
    readonly namespace?: string;
    readonly name?: string;
    readonly labelSelector?: string;
    readonly annotationSelector?: string;
  };
  readonly options?: { readonly allowNameChange?: boolean; readonly allowKindChange?: boolean };
}

/** Another name, tag or digest for an image. */
export interface KustomizeImage {
  readonly name: string;
  readonly newName?: string;
  readonly newTag?: string;
  readonly tagSuffix?: string;
  readonly digest?: string;
}

/** Labels or annotations; a key that the file sets is an error unless `force` is given. */
export interface KustomizeAddedPairs {
  readonly pairs: Readonly<Record<string, string>>;
  readonly force?: boolean;
}

/** Variables that replace `${name}` in what was built. */
export interface Substitution {
  readonly vars: Readonly<Record<string, string>>;
  /** `with-variables` leaves all as it is when there are none; `always` fills in defaults even then. */
  readonly strategy: "with-variables" | "always";
  /** A variable with neither value nor default is an error. */
  readonly strict: boolean;
}

/** What opens the encrypted parts of the files; as secret as what they hold. */
export interface Decryption {
  readonly provider: "sops";
  /** `data` of the Secret with the keys, base64 as it is there; the names tell what each entry is. */
  readonly keys: Readonly<Record<string, string>>;
  /** As whom services of clouds are asked for data keys; absent: as the controller. */
  readonly account?: ObjectName;
}

/** How the files at a path become objects. */
export type RenderSpec =
  | {
      readonly kind: "kustomize";
      readonly overrides: KustomizeOverrides;
      /** Without a kustomization file: generate one over every manifest below the path. */
      readonly generate: boolean;
      readonly options?: KustomizeBuildOptions;
      /** Values are secret: they never leave memory, and no key or message holds one. */
      readonly substitute?: Substitution;
      readonly decryption?: Decryption;
    }
  | DirectorySpec
  | ChartSpec
  | TemplateSpec
  | PluginSpec
  | DetectSpec
  /** Nothing is made of them: they are there for others. */
  | { readonly kind: "nothing" };

/** Files that a program beside this one makes manifests of. */
export interface PluginSpec {
  readonly kind: "plugin";
  /** null: the one that says that the files are for it. */
  readonly name: string | null;
  /** What its environment has besides its own. */
  readonly env: readonly { readonly name: string; readonly value: string }[];
}

/** What a plugin takes, if one is asked; a chart when the path holds one and templates are given, kustomize when it holds a kustomization, plain files otherwise. */
export interface DetectSpec {
  readonly kind: "detect";
  readonly plugin?: PluginSpec;
  readonly template?: TemplateSpec;
  /** Whether a kustomization is taken for one. */
  readonly kustomizations?: false;
  readonly overrides: KustomizeOverrides;
  readonly options?: KustomizeBuildOptions;
  readonly directory: DirectorySpec;
}

/** Plain manifests of one directory. */
export interface DirectorySpec {
  readonly kind: "directory";
  readonly recurse: boolean;
  /** Glob over paths relative to the app's path; empty: every manifest. */
  readonly include: string;
  readonly exclude: string;
  /** Takes files of every name for manifests, not only those that are named like one. */
  readonly anyName?: boolean;
  readonly jsonnet?: JsonnetSpec;
}

/** What files of Jsonnet are evaluated with. */
export interface JsonnetSpec {
  readonly extVars: readonly JsonnetVariable[];
  /** Arguments of a file that is a function. */
  readonly tlas: readonly JsonnetVariable[];
  /** Folders of the tree where imports are looked for, the last first. */
  readonly libs: readonly string[];
}

/** A variable of an evaluation: a text, or code of which the value is taken. */
export interface JsonnetVariable {
  readonly name: string;
  readonly value: string;
  readonly code: boolean;
}

/** A chart and the values it gets; which release it is for is told when it is rendered. */
export interface ChartSpec {
  readonly kind: "chart";
  /** In ascending precedence; they may be secret. */
  readonly values: readonly ValuesPart[];
  readonly postRender: ChartPostRender;
}

/** A chart rendered as `helm template` does: no release is made of it, and nothing is looked up. */
export interface TemplateSpec {
  readonly kind: "template";
  /** Whether the source is one packed chart; otherwise the chart is the folder at the path. */
  readonly isPacked: boolean;
  /** Whether the chart may also be the one folder of the source, as it is packed. */
  readonly mayNest: boolean;
  readonly release: { readonly name: string; readonly namespace: string };
  /** In ascending precedence; names with `*`, `?` or `[` are patterns. */
  readonly valueFiles: readonly TemplateFile[];
  readonly ignoreMissingValueFiles: boolean;
  /** Come after the files, in ascending precedence. */
  readonly values: readonly (ValuesPart | { readonly path: string; readonly file: TemplateFile })[];
  readonly capabilities: TemplateCapabilities;
  readonly skipCrds: boolean;
  readonly skipTests: boolean;
  readonly skipSchemaValidation: boolean;
}

/** A file by its path from the root of a source: the chart's own, another one by its name, or one at an address. */
export type TemplateFile = { readonly source: string | null; readonly path: string } | { readonly url: string };

/** What templates take the cluster to be able to do, besides what Helm knows. */
export interface TemplateCapabilities {
  /** Empty: Helm's own. */
  readonly kubeVersion: string;
  readonly apiVersions: readonly string[];
}

/** Changes what templates rendered before it is sorted into hooks and manifests, in the order of the steps. */
export interface ChartPostRender {
  /** What goes through the steps: all at once, hooks and the rest apart, or the rest alone. */
  readonly strategy: "combined" | "separate" | "nohooks";
  readonly steps: readonly ChartPostRenderStep[];
}

/** A kustomization over all objects, or labels and annotations for their metadata. */
export type ChartPostRenderStep =
  | { readonly kustomize: Pick<KustomizeOverrides, "patches" | "images"> }
  | { readonly labels?: Readonly<Record<string, string>>; readonly annotations?: Readonly<Record<string, string>> };
