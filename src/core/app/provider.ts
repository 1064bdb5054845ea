import type { ObjectName } from "#core/source/source.ts";

/** Services that keep code. */
export type ProviderName =
  "github" | "gitlab" | "gitea" | "bitbucket" | "bitbucketServer" | "azureDevOps" | "awsCodeCommit";

/** An entry of a Secret or ConfigMap. */
export interface EntryRef extends ObjectName {
  readonly key: string;
}

/** As whom a cloud knows the controller, and in which of its regions. */
export interface CloudRole {
  /** "": the one of the environment. */
  readonly region: string;
  /** A role that the controller takes; "": none. */
  readonly role: string;
}

/** A tag that a repository must have, with one of these values; none: with any. */
export interface RepositoryTag {
  readonly key: string;
  readonly values: readonly string[];
}

/** An account of a service, and whom it is asked as. */
export interface ProviderAddress {
  readonly provider: ProviderName;
  /** Address of its interface; "": the service's own. */
  readonly api: string;
  /** Organization, group, workspace or project. */
  readonly owner: string;
  /** The project inside an organization, where there are such. */
  readonly project: string;
  /** Null: as anybody. A user goes with a password, none with a token; an app's Secret holds what it gets tokens by. */
  readonly credential:
    { readonly user: string; readonly secret: EntryRef } | { readonly app: ObjectName } | CloudRole | null;
  /** A certificate of an authority that is trusted besides. */
  readonly ca: EntryRef | null;
  readonly insecure: boolean;
}

/** A repository of an account. */
export interface RemoteRepository {
  readonly organization: string;
  readonly name: string;
  readonly id: string;
  readonly ssh: string;
  readonly https: string;
  /** "": it has none. */
  readonly defaultBranch: string;
  readonly labels: readonly string[];
  readonly isArchived: boolean;
}

/** A branch and what it is at. */
export interface RemoteBranch {
  readonly name: string;
  /** "": the service tells it only to who asks for each. */
  readonly sha: string;
}

/** A request to merge a branch into another. */
export interface RemotePull {
  readonly number: string;
  readonly title: string;
  readonly branch: string;
  readonly targetBranch: string;
  readonly sha: string;
  readonly author: string;
  readonly labels: readonly string[];
}

/** What a service is asked for, and what it answers. */
export interface ProviderCalls {
  readonly repositories: {
    readonly ask: {
      readonly subgroups: boolean;
      readonly shared: boolean;
      readonly topic: string;
      readonly tags: readonly RepositoryTag[];
    };
    readonly answer: readonly RemoteRepository[];
  };
  readonly branches: {
    readonly ask: { readonly repository: RemoteRepository; readonly all: boolean };
    readonly answer: readonly RemoteBranch[];
  };
  readonly path: {
    readonly ask: { readonly repository: RemoteRepository; readonly branch: RemoteBranch; readonly path: string };
    readonly answer: boolean;
  };
  /** Null: there is no such repository. */
  readonly pulls: {
    readonly ask: { readonly repository: string; readonly labels: readonly string[]; readonly state: string };
    readonly answer: readonly RemotePull[] | null;
  };
}

/** One call. */
export type ProviderCall = {
  [Kind in keyof ProviderCalls]: { readonly get: Kind } & ProviderCalls[Kind]["ask"];
}[keyof ProviderCalls];
