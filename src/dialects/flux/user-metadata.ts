import type { ObjectWrite } from "#core/app/app-report.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";

const prefix = "event.toolkit.fluxcd.io/";

/** A report whose events carry what people wrote on the object for them; what the report itself says of a key counts. */
export function withUserMetadata(object: Resource, write: ObjectWrite): ObjectWrite {
  const given = Object.entries(annotationsOf(object)).filter(([key]) => key.startsWith(prefix));
  if (given.length === 0 || write.events.length === 0) return write;
  const metadata = Object.fromEntries(given);
  const events = write.events.map((note) => ({ ...note, annotations: { ...metadata, ...note.annotations } }));
  return { ...write, events };
}
