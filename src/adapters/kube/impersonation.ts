import { ApiError } from "#core/cluster/api-error.ts";
import type { Impersonation } from "#engine/ports.ts";

/**
 * The headers, names and values in turn, by which a request acts as somebody else.
 * @throws ApiError 400 when a name is empty or malformed.
 */
export function impersonationHeaders(as: Impersonation): readonly string[] {
  // An empty identity would mean no impersonation at all: the request would run with all of our own rights.
  const names = [as.user, ...(as.groups ?? [])];
  if (names.some((name) => name === "" || /[\r\n\0]/.test(name))) {
    throw new ApiError({
      code: 400,
      reason: "BadRequest",
      message: "Cannot impersonate: user or group is empty or malformed",
    });
  }
  const encoded = (name: string) => Buffer.from(name, "utf8").toString("latin1");
  return [
    "impersonate-user",
    encoded(as.user),
    ...(as.groups ?? []).flatMap((group) => ["impersonate-group", encoded(group)]),
  ];
}
