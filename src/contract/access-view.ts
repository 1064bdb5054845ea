/** A project, cluster or repository that an installation declares, as commands show it. */
export interface AccessView {
  readonly of: "project" | "cluster" | "repository";
  readonly name: string;
  /** What there is to say of it, by what it is called; never a secret. */
  readonly details: Readonly<Record<string, string>>;
  /** Why it cannot be used; "" when it can. */
  readonly problem: string;
}

/** Whether an app may deploy something, by which rules. */
export interface PermissionView {
  readonly app: string;
  readonly project: string;
  readonly permitted: boolean;
  readonly rules: readonly { readonly about: string; readonly permitted: boolean; readonly rule: string }[];
}
