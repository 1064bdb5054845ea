/** What an app does, in one word for both dialects. */
export type AppStateWord =
  "New" | "Ready" | "OutOfSync" | "Syncing" | "Waiting" | "Failed" | "Suspended" | "Paused" | "Deleting";

/** An app as commands and the API show it. */
export interface AppView {
  /** Address on the command line, e.g. `ks/flux-system/shop`. */
  readonly key: string;
  readonly dialect: string;
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly state: AppStateWord;
  /** The dialect's own word for how the objects do; "" when it has none. */
  readonly health: string;
  /** The revision that is applied now; "" for none. */
  readonly revision: string;
  /** Why it is in this state, in the dialect's own words. */
  readonly message: string;
  /** Why deletions are held back; "" when none are. */
  readonly held: string;
  readonly source: { readonly url: string; readonly ref: string; readonly path: string } | null;
  /** Whether it is ours although another controller may be alive. */
  readonly adopted: boolean;
  /** RFC 3339; "" when unknown. */
  readonly createdAt: string;
}
