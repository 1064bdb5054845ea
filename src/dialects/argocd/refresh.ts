import type { Resource } from "#core/resource/resource.ts";
import { textAt } from "./fields.ts";

/** The annotation that asks for a fresh look. */
export const REFRESH_ANNOTATION = "argocd.argoproj.io/refresh";

/** Names a pending request for a fresh look; the same word again is a new request once the last one moved `reconciledAt`. */
export function refreshTokenOf(object: Resource): string | null {
  const asked = textAt(object.metadata, "annotations", REFRESH_ANNOTATION);
  if (asked === "") return null;
  return `refresh:${asked}@${textAt(object["status"], "reconciledAt")}`;
}
