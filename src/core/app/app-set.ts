import type { EntryRef, ProviderAddress, ProviderCall } from "./provider.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { FileTree } from "#core/source/file-tree.ts";
import type { Source } from "#core/source/source.ts";

/** Names a set of apps: `<short>/<namespace>/<name>`; no app has such a key. */
export type SetKey = string & { readonly __brand: "SetKey" };

/** The map key of a set. */
export function setKey(short: string, namespace: string, name: string): SetKey {
  return `${short}/${namespace}/${name}` as SetKey;
}

/** Values by name that a template is filled in with. */
export type Params = Readonly<Record<string, unknown>>;

/** A tree of JSON with templates in its texts, by its index, and what to fill in. */
export interface TemplateJob {
  readonly tree: number;
  readonly params: Params;
}

/** A value, or why there is none. */
export type ValueOrError = { readonly value: unknown } | { readonly error: string };

/** What a set's apps are worked out from besides objects of its dialect, by what is asked for. */
export interface SetQuestions {
  /** Fills trees in by the library that defines the templates: one answer for each job, in their order. */
  readonly template: {
    readonly question: {
      readonly trees: readonly unknown[];
      readonly jobs: readonly TemplateJob[];
      readonly options: readonly string[];
    };
    readonly answer: readonly ValueOrError[];
  };
  /** Texts of YAML or JSON as values, one answer for each. */
  readonly decode: {
    readonly question: { readonly texts: readonly string[] };
    readonly answer: readonly ValueOrError[];
  };
  /** What a repository has now. */
  readonly tree: { readonly question: { readonly source: Source }; readonly answer: FileTree };
  /** What a service that keeps code has; the answer counts for so long. */
  readonly provider: {
    readonly question: { readonly address: ProviderAddress; readonly call: ProviderCall; readonly everyMs: number };
    readonly answer: unknown;
  };
  /** What a ConfigMap holds. */
  readonly config: {
    readonly question: { readonly namespace: string; readonly name: string; readonly everyMs: number };
    readonly answer: Readonly<Record<string, string>>;
  };
  /** What a service answers to a request, as JSON. */
  readonly post: {
    readonly question: {
      readonly url: string;
      readonly token: EntryRef;
      readonly body: unknown;
      readonly timeoutMs: number;
      readonly everyMs: number;
    };
    readonly answer: unknown;
  };
  /** Every object of a kind in a namespace, by the kind's name in addresses. */
  readonly list: {
    readonly question: {
      readonly apiVersion: string;
      readonly plural: string;
      readonly namespace: string;
      readonly everyMs: number;
    };
    readonly answer: readonly Resource[];
  };
  /** Contents of files of such a tree. */
  readonly read: {
    readonly question: { readonly tree: FileTree; readonly paths: readonly string[] };
    readonly answer: ReadonlyMap<string, Uint8Array>;
  };
}

/** One question. */
export type SetQuestion = {
  [Kind in keyof SetQuestions]: { readonly ask: Kind } & SetQuestions[Kind]["question"];
}[keyof SetQuestions];

/** Work that stops at each question and goes on with its answer: pure, and whoever runs it finds the answers. */
export type Asking<T> = Generator<SetQuestion, T, unknown>;

/** Asks one question. */
export function* ask<Kind extends keyof SetQuestions>(
  kind: Kind,
  question: SetQuestions[Kind]["question"],
): Asking<SetQuestions[Kind]["answer"]> {
  const asked = { ask: kind, ...question } as SetQuestion;
  return yield asked;
}

/** Why the apps of a set cannot be worked out: by its parameters, or by its templates. */
export class SetError extends Error {
  override readonly name = "SetError";
  readonly stage: "parameters" | "template";

  constructor(stage: "parameters" | "template", message: string, options?: ErrorOptions) {
    super(message, options);
    this.stage = stage;
  }
}

/** A set of apps that are made from parameters. */
export interface AppSet {
  readonly key: SetKey;
  readonly object: Resource;
  readonly deleting: boolean;
  /** The finalizer that keeps the set until its apps were let go; null: it has none. */
  readonly finalizer: string | null;
  /** The finalizer that it needs and has not; null: none. */
  readonly missingFinalizer: string | null;
  /** What becomes of an app that is there already, or that is not wanted any more. */
  readonly update: boolean;
  readonly delete: boolean;
  readonly budget: SetBudget;
  /** A new token asks for a fresh look at everything that the set is made from. */
  readonly refreshToken: string | null;
  /** Digest of the plan of deletions that a person approved. */
  readonly approval: string | null;
}

/** How many apps may go at once because they are not generated any more. */
export interface SetBudget {
  /** A number of apps, or a share of them; null: the usual rule. */
  readonly limit: { readonly count: number } | { readonly percent: number } | null;
  /** Apps come and go by themselves, and none may be left. */
  readonly isPassing: boolean;
}

/** What a set generates now. */
export interface GeneratedSet {
  /** The apps as they shall be, each once. */
  readonly apps: readonly Resource[];
  /** All that were generated, whether they can be used or not. */
  readonly made: readonly Resource[];
  /** Names of all that were generated, those that cannot be used included: none of them is deleted. */
  readonly names: ReadonlySet<string>;
  /** Why some cannot be used. */
  readonly problems: readonly string[];
}

/** How far a set lets its apps go. */
export interface SetRollout {
  /** The apps as they shall be. */
  readonly apps: readonly Resource[];
  /** Orders to sync that are given now, by the name of the app. */
  readonly orders: ReadonlyMap<string, unknown>;
  /** Where each app stands, for the status; null: there is no rollout. */
  readonly rows: readonly unknown[] | null;
}

/** What became of a set. */
export type SetPhase =
  | { readonly kind: "invalid"; readonly messages: readonly string[] }
  | { readonly kind: "failed"; readonly stage: SetError["stage"] | "write"; readonly message: string }
  | { readonly kind: "done" };

/** Everything that a dialect needs to write a set's status. */
export interface SetReport {
  readonly phase: SetPhase;
  readonly problems: readonly string[];
  /** Why deletions are held back, and the digest that approves them; null: none are. */
  readonly held: { readonly reason: string; readonly digest: string; readonly names: readonly string[] } | null;
  /** The set's apps as they are. */
  readonly apps: readonly Resource[];
  /** Names of apps that were written just now. */
  readonly changes: Readonly<Record<"created" | "updated" | "deleted", readonly string[]>>;
  /** Where each app stands; null: there is no rollout; undefined: nobody looked. */
  readonly rows?: SetRollout["rows"];
  /** Whether a request for a fresh look was served. */
  readonly isFresh: boolean;
  readonly now: number;
}
