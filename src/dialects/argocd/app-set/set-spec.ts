import type { Resource } from "#core/resource/resource.ts";
import { withoutNulls } from "../fields.ts";
import type { SetSpecFields } from "./set-schema.ts";

/** The spec of an ApplicationSet without members that mean nothing. */
export function specOf(object: Resource): SetSpecFields {
  return (withoutNulls(object["spec"]) ?? {}) as SetSpecFields;
}
