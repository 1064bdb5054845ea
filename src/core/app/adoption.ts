/** Annotation that marks an app as adopted: `<RFC 3339 time> <whether it was suspended before>`. */
export const ADOPTED_ANNOTATION = "holdfast.dev/adopted";

/**
 * Whether the vendor's own switch to suspend an app stands only to keep the vendor's controller off: then the app is
 * active here. An app that somebody had suspended before stays so.
 */
export function isFence(annotations: Readonly<Record<string, string>>): boolean {
  const adopted = annotations[ADOPTED_ANNOTATION];
  return adopted !== undefined && !wasSuspended(adopted);
}

/** Whether the app was suspended by somebody when it was adopted. */
export function wasSuspended(adopted: string): boolean {
  return adopted.split(" ")[1] === "true";
}
