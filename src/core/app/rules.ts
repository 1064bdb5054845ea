import type { HealthTable } from "#core/health/health.ts";
import type { StageGate, StageKey } from "#core/order/stage.ts";
import type { GroupKind, ResourceId } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { HookRules } from "#core/sync/hook.ts";
import type { App, AppKey } from "./app.ts";

/** What the annotations and labels of one object ask for. */
export interface ObjectOptions {
  /** `apply`: own it; `merge`: own only our fields, leave other writers' alone; `if-absent`: create, never update; `ignore`: never touch. */
  readonly apply: "apply" | "merge" | "if-absent" | "ignore";
  /** Whether leaving the source may delete it. */
  readonly prune: boolean;
  /** Whether deleting the app may delete it. */
  readonly deleteWithApp: boolean;
  /** Recreate when the server calls the change immutable. */
  readonly force: boolean;
  /** Replace the whole object instead of applying it. */
  readonly replace: boolean;
  /** Whether the object counts when the app is compared and its health is judged. */
  readonly counted: boolean;
  /** Paths (JSON pointers) whose differences do not matter, and whether they are left alone when writing. */
  readonly ignoredPaths: readonly string[];
  readonly leaveIgnored: boolean;
  /** What else is ignored like that and has its places in each object; absent: nothing. */
  readonly ignoredBy?: {
    /** Expressions (jq) that name fields. */
    readonly queries: readonly string[];
    /** Managers whose fields are theirs alone. */
    readonly managers: readonly string[];
  };
  /** Deletions that wait until a person has confirmed them. */
  readonly confirms?: readonly ("prune" | "delete")[];
  /** Not held against the server's schema before it is sent. */
  readonly unchecked?: true;
  /** Its kind may come to be served while the sync is at work. */
  readonly mayLackKind?: true;
  /** Client-side writers whose fields our first apply takes over, instead of those of the rules. */
  readonly migrates?: readonly string[];
}

/** Which namespace-ness a kind has; `unknown` when the cluster does not serve it (yet). */
export type ScopeOf = (kind: GroupKind & { version: string }) => "namespaced" | "cluster" | "unknown";

/** One vendor's behaviour as data: everything the engine does differently between dialects stands here. */
export interface Rules {
  /** Field manager of every write to managed objects. */
  readonly manager: string;
  /** Field manager of writes to status and finalizers of app objects. */
  readonly statusManager: string;
  /** Field manager of writes to source objects. */
  readonly sourceManager: string;
  /** Component that events of app objects come from. */
  readonly eventSource: string;
  /** Whether app objects keep their status in a subresource. */
  readonly statusSubresource: boolean;
  /** Managers whose fields are taken back when they write to an object we own: exact names or `prefix*`. */
  readonly takeOver: readonly string[];
  /** Managers (with operation) whose entries our first apply replaces, so that what they declared can be removed. */
  readonly migrate: readonly { readonly manager: string; readonly operation: "Apply" | "Update" }[];
  /** What is sent of an object in the place of a live one, where that matters. */
  readonly overLive?: (sent: Resource, live: Resource) => Resource;
  /** Label selector of the objects this dialect owns. */
  readonly selector: string;
  /** A label among the marks that is no vendor's: it goes when an app is given back. */
  readonly ownLabel: string | null;
  /** Marks a rendered object as the app's own. */
  readonly mark: (resource: Resource, app: App) => Resource;
  /** Key of the app (`<short>/<namespace>/<name>`) that an object on the cluster is marked for, or null. */
  readonly ownerOf: (live: Resource) => string | null;
  /** Same object twice in one render. */
  readonly duplicates: "refuse" | "last-wins";
  /** How people are told that one render declares an object several times. */
  readonly repeatedText: (id: ResourceId, times: number) => string;
  /** How people are told that several apps declare an object: this one first, `<short>/<namespace>/<name>`. */
  readonly sharedText: (id: ResourceId, apps: readonly AppKey[]) => string;
  /** How people are told of apps that hold each other in a circle, this one first; absent: they are not. */
  readonly circleText?: (apps: readonly AppKey[]) => string;
  /** Whether everything is checked before the first write, or each stage before its own. */
  readonly preflight: "plan" | "stage";
  readonly stageOf: (resource: Resource, app: App, all: readonly Resource[]) => StageKey;
  /** The gate after a stage when later stages remain. */
  readonly gateAfter: (key: StageKey) => StageGate;
  /** Order inside a stage: lower first; equal ranks are written in parallel. */
  readonly rankOf: (resource: Resource) => number;
  /** Deletions go from the highest wave to the lowest; absent: all at once. */
  readonly waveOf?: (live: Resource) => number;
  /** How a person confirms deletions that wait for it, for an app's objects so named. */
  readonly confirmText?: (app: App, objects: string) => string;
  /** Options of an object, from the rendered and, when there is one, the live object. */
  readonly optionsOf: (resource: Resource, live: Resource | null, app: App) => ObjectOptions;
  /** Absent: every object is applied as it is. */
  readonly hooks?: HookRules;
  readonly health: HealthTable;
  /** The dialect's own words for health verdicts. */
  readonly healthWords: Readonly<
    Record<"Healthy" | "Suspended" | "Progressing" | "Missing" | "Degraded" | "Unknown", string>
  >;
  /** Objects that no app accounts for, in a namespace that an app asks about; absent: no app asks. */
  readonly orphans?: {
    readonly askedBy: (
      app: App,
    ) => { readonly namespace: string; readonly follows: (kind: GroupKind) => boolean } | null;
    /** Whether such an object counts, which comes by its metadata alone. */
    readonly isOrphan: (object: Resource, app: App) => boolean;
    readonly text: (count: number) => string;
  };
  /** Objects that left the source but may not be pruned: `forget` drops them from the inventory, `track` keeps reporting them. */
  readonly unpruned: "forget" | "track";
  /** Kinds (`group/Kind`) that deleting the app never deletes. */
  readonly survivors: readonly string[];
  /** What tells that the vendor's own controller is alive beside us. */
  readonly rival: {
    readonly name: string;
    readonly workloadSelector: string;
    readonly workloadNames: readonly string[];
    readonly leases: readonly string[];
    /** Whether an app's object tells that controller to keep off. */
    readonly keepsOff: (object: Resource) => boolean;
  };
}
