import type { Resource } from "#core/resource/resource.ts";

/** What must be written so that an app is as its set wants it. */
export type MemberChange =
  | { readonly kind: "same" }
  | { readonly kind: "create"; readonly object: Resource }
  /** A merge patch of the app that is there. */
  | { readonly kind: "update"; readonly patch: Readonly<Record<string, unknown>> }
  /** The app is somebody else's. */
  | { readonly kind: "refused"; readonly message: string };
