import type { Ignored } from "#core/diff/ignored-fields.ts";
import type { WrittenSelector } from "#core/policy/label-selector.ts";
import type { GroupVersionKind } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem, Result } from "#core/result.ts";
import type { GeneratedArtifact } from "#core/source/generator/generator.ts";
import type { Revision, Source } from "#core/source/source.ts";
import type { App, AppKey, AppSource, Reference, ReferencedData } from "./app.ts";
import type { AppSet, Asking, GeneratedSet, SetReport, SetRollout } from "./app-set.ts";
import type { Notice, ObjectWrite, ReportInput, RestoredState, SourceReport, SourceReportInput } from "./app-report.ts";
import type { MemberChange } from "./member-change.ts";
import type { RenderSpec, TemplateCapabilities } from "./render-spec.ts";
import type { DialectActions } from "./object-actions.ts";
import type { ObjectOptions, Rules, ScopeOf } from "./rules.ts";
import type { Settings } from "./settings.ts";

/** A kind of object that a dialect reads from the cluster. */
export interface DialectKind extends GroupVersionKind {
  readonly plural: string;
  /** How people address it on the command line, e.g. `ks`. */
  readonly short: string;
  /** The field of the status in which somebody else declares something; absent: statuses only report. */
  readonly declaredIn?: string;
  /** Only these objects of the kind are read, if their namespace is served; absent: all that are in one that is. */
  readonly only?: KindScope;
}

/** Which objects of a kind are read. */
export type KindScope = { readonly namespace: string } & (
  { readonly selector: WrittenSelector } | { readonly names: readonly string[] }
);

/** Finds another object of the dialect's own kinds (a project, a source) in memory. */
export interface Lookup {
  (kind: string, namespace: string, name: string): Resource | null;
  /** Every object of a kind: the very same list until one changes. Absent: none is known by its kind alone. */
  readonly all?: (kind: string) => readonly Resource[];
}

/** What `prepare` may ask about the world; all in memory. */
export interface PrepareContext {
  readonly app: App;
  readonly scopeOf: ScopeOf;
  readonly lookup: Lookup;
  readonly settings: Settings;
}

/** Rendered objects made ready to be applied: namespaced, labelled, checked against the vendor's limits. */
export interface Prepared {
  readonly resources: readonly Resource[];
  /** Objects that must not be applied, with the reason; one is enough to stop the sync. */
  readonly refusals: readonly { readonly resource: Resource; readonly message: string }[];
  /** Warnings that go into the app's status. */
  readonly warnings: readonly PreparedWarning[];
}

/** A warning; `kind` where it is told as something of its own. */
export interface PreparedWarning extends Problem {
  readonly kind?: Notice["kind"];
}

/** What an object for a generated artifact is made of. */
export interface GeneratedObject {
  readonly output: GeneratedArtifact;
  /** Null: nobody serves it. */
  readonly served: SourceReport["artifact"] | null;
  /** The object as it is now; null: there is none. */
  readonly live: Resource | null;
  readonly now: number;
}

/** How a vendor's generators write the objects of what they make. */
export interface GeneratorRules {
  readonly manager: string;
  /** Keeps a generator until what it made is gone. */
  readonly finalizer: string;
  /** Kind of the generators. */
  readonly generator: string;
  /** The kind of these objects. */
  readonly kind: DialectKind;
  /** The object for an artifact, and its status. */
  objectOf(
    generator: Resource,
    made: GeneratedObject,
  ): { readonly object: Resource; readonly status: Readonly<Record<string, unknown>> };
  /** Where an artifact is found by those who fetch it. */
  pathOf(generator: Resource, output: GeneratedArtifact): string;
  /** Whether an object is the generator's own. */
  isOwn(generator: Resource, live: Resource): boolean;
  /** Whether an object that is there already may become the generator's own. */
  mayTake(generator: Resource, live: Resource): boolean;
  /** Names of the objects that the generator's status tells of. */
  madeNames(generator: Resource): readonly string[];
}

/** One vendor's sets of apps: a record of pure functions. */
export interface SetRules {
  /** The kind of the sets. */
  readonly kind: DialectKind;
  /** The kind of the apps that they make. */
  readonly member: DialectKind;
  /** Who writes sets and their apps. */
  readonly manager: string;
  parse(object: Resource): Result<AppSet, readonly Problem[]>;
  /** Works out the apps of a set. @throws SetError */
  generate(set: AppSet, lookup: Lookup, settings: Settings): Asking<GeneratedSet>;
  /** The uid of the set that an app belongs to, or null. */
  ownerOf(app: Resource): string | null;
  /** Which apps may go on now, when they are not all to at once. */
  rollout(
    set: AppSet,
    apps: { readonly wanted: readonly Resource[]; readonly live: readonly Resource[]; readonly now: number },
  ): SetRollout;
  readonly adoption: SetAdoption;
  /** The merge patch that gives an app an order. */
  ordered(order: unknown): Readonly<Record<string, unknown>>;
  /** What of an app differs from what its set wants without counting. */
  ignoredIn(set: AppSet, name: string): Pick<ObjectOptions, "ignoredPaths" | "ignoredBy">;
  /** `live` is null when there is no app of that name. */
  changeOf(
    set: AppSet,
    app: { readonly wanted: Resource; readonly live: Resource | null },
    ignored: Ignored,
  ): MemberChange;
  /** A deleted set's apps in groups, each of which goes when the one before it is gone; all others go with the set. */
  deletionOrder(object: Resource, members: readonly Resource[]): readonly (readonly Resource[])[];
  /** The merge patch after which an app outlives its set. */
  release(app: Resource): Readonly<Record<string, unknown>>;
  /** The merge patch that must come before an app is deleted; null: none. */
  beforeDelete(app: Resource, lookup: Lookup, settings: Settings): Readonly<Record<string, unknown>> | null;
  report(object: Resource, report: SetReport): ObjectWrite;
}

/** How single sets are taken over from the vendor's own controller while that is alive. */
export interface SetAdoption {
  /** Whether a set was taken over, and the vendor's controller is still kept off its apps. */
  isHeld(object: Resource): boolean;
  /** The merge patch that takes it over at a time (RFC 3339), null where it is; or why it cannot be taken. */
  take(object: Resource, now: string): Result<Readonly<Record<string, unknown>> | null, string>;
  /** The merge patch that gives it back; null: it was not taken over. */
  give(object: Resource): Readonly<Record<string, unknown>> | null;
}

/** Where others find a source's files, and as what. */
export interface ArtifactPlace {
  /** `<kind>/<namespace>/<name>/<file>`. */
  readonly path: string;
  /** The one file of the source that is served as it is; null: all of them, as a tar.gz. */
  readonly file: string | null;
}

/** Data of the ConfigMaps that say how an installation behaves, by their names; one that is absent is not among them. */
export type SettingsData = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** ConfigMaps that say how an installation behaves. */
export interface DialectSettings {
  readonly namespace: string;
  readonly names: readonly string[];
  /**
   * The dialect under what they say now. What cannot be used counts as it does in this dialect, and is named. Kinds,
   * selector and rival are the same in all of them.
   */
  configured(data: SettingsData): { readonly dialect: Dialect; readonly problems: readonly SettingsProblem[] };
}

/** A setting that cannot be used: the ConfigMap, the key in it (`path`), and why. */
export interface SettingsProblem extends Problem {
  readonly object: string;
}

/** How a source is rendered where that depends on what it holds, and where. */
export interface SourceRenders {
  /** What has a say besides the spec: files of the source that `has` tells of, and whether what the cluster can do. */
  needs(app: App, source: AppSource, has: (path: string) => boolean): RenderNeeds;
  /** The render of the source, or why it cannot be rendered. */
  complete(app: App, source: AppSource, facts: RenderFacts): Result<RenderSpec, string>;
}

/** What a render cannot be told without. */
export interface RenderNeeds {
  readonly files: readonly string[];
  readonly cluster: boolean;
}

/** What is known of a source when it is rendered. */
export interface RenderFacts {
  readonly revision: Revision;
  /** The files that were asked for, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Null: nobody asked for it. */
  readonly cluster: TemplateCapabilities | null;
}

/** Objects among the `configKinds` that a finalizer keeps while an app uses them. */
export interface KeptConfig {
  readonly kind: string;
  readonly finalizer: string;
  readonly isUsedBy: (object: Resource, app: Resource) => boolean;
}

/** One vendor's objects and words: a record of pure functions and tables. */
export interface Dialect {
  readonly name: string;
  readonly appKinds: readonly DialectKind[];
  readonly sourceKinds: readonly DialectKind[];
  /** Further kinds that the functions below look up. */
  readonly configKinds: readonly DialectKind[];
  /** Absent: nothing keeps any of them. */
  readonly keptConfig?: KeptConfig;
  parseApp(object: Resource, lookup: Lookup, settings: Settings): Result<App, readonly Problem[]>;
  /** The render of an app's source once what it references is known; refused with why it cannot be rendered. */
  completeRender(
    app: App,
    render: RenderSpec,
    find: (reference: Reference) => ReferencedData | null,
  ): Result<RenderSpec, string>;
  /** Absent: nothing but the spec has a say. */
  readonly sourceRenders?: SourceRenders;
  /** The token of a request to end the sync at work that the app's status holds: nothing else there is an order. */
  terminationOf(object: Resource): string | null;
  /** Without settings nothing is refused for the sake of the installation. */
  parseSource(object: Resource, lookup: Lookup, settings?: Settings): Result<Source, readonly Problem[]>;
  /** How a commit of this source is written in a status. */
  revisionOf(source: Source, commit: string, refName: string | null): Revision;
  prepare(resources: readonly Resource[], context: PrepareContext): Prepared;
  /** Why `app` must still wait for a dependency, or null; `dependency` is the object of the other app, null when there is none. */
  dependencyProblem(app: App, dependency: Resource | null, key: AppKey, revision: Revision): string | null;
  restore(object: Resource): RestoredState;
  reportApp(input: ReportInput): ObjectWrite;
  reportSource(input: SourceReportInput): ObjectWrite;
  /** Where a revision of a source object is found by those who fetch it as a file; null: nobody does. */
  artifactPlace(object: Resource, revision: Revision): ArtifactPlace | null;
  /** How objects are written that sources make; absent: none makes any. */
  readonly generators?: GeneratorRules;
  /** Sets that apps are made from; absent: there are none. */
  readonly sets?: SetRules;
  /** Absent: its behaviour is always the same. */
  readonly settings?: DialectSettings;
  /** What people may do to objects; absent: nothing. */
  readonly actions?: DialectActions;
  readonly rules: Rules;
}
