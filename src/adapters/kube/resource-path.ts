import type { KindInfo } from "#engine/ports.ts";
import { ApiError } from "#core/cluster/api-error.ts";

/** The path under which a kind's objects are listed and created. */
export function collectionPath(info: KindInfo, namespace?: string): string {
  const base = info.group === "" ? `/api/${info.version}` : `/apis/${info.group}/${info.version}`;
  if (!info.namespaced || !namespace) return `${base}/${info.plural}`;
  return `${base}/namespaces/${segment(namespace)}/${info.plural}`;
}

/**
 * The path of one object or of its subresource.
 * @throws ApiError 400 when a namespaced object has no namespace or a name could reach another path.
 */
export function objectPath(info: KindInfo, ref: { namespace?: string; name: string }, subresource?: string): string {
  if (info.namespaced && !ref.namespace) {
    throw refusal(`Cannot address ${info.kind}/${ref.name}: it belongs to a namespace and names none`);
  }
  const path = `${collectionPath(info, ref.namespace)}/${segment(ref.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

// The server decodes a path before it splits it: an escaped slash would still reach a subresource.
function segment(name: string): string {
  if (name === "" || name === "." || name === ".." || /[/%\0]/.test(name)) {
    throw refusal(`Cannot address ${JSON.stringify(name)}: it is not a valid object name`);
  }
  return encodeURIComponent(name);
}

function refusal(message: string): ApiError {
  return new ApiError({ code: 400, reason: "BadRequest", message });
}
