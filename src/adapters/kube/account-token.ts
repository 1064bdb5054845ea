import { ApiError } from "#core/cluster/api-error.ts";
import type { ObjectName } from "#core/source/source.ts";
import type { ExpiringToken } from "#engine/cloud-identity.ts";
import type { CallOptions } from "#engine/ports.ts";
import { isRecord } from "./json-shape.ts";
import type { Requester } from "./requester.ts";
import { objectPath } from "./resource-path.ts";

const accounts = { group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts" };

/** A new token of a service account, for these audiences or for those of the cluster. */
export async function accountToken(
  requester: Requester,
  { account, audiences }: { readonly account: ObjectName; readonly audiences: readonly string[] },
  { signal, as }: CallOptions,
): Promise<ExpiringToken> {
  const subject = `TokenRequest/${account.namespace}/${account.name}`;
  const spec = audiences.length > 0 ? { audiences } : {};
  const answer = await requester.sendJson({
    verb: "create",
    method: "POST",
    path: objectPath({ ...accounts, namespaced: true, verbs: [] }, account, "token"),
    kind: "TokenRequest",
    subject,
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec }),
    contentType: "application/json",
    as,
    // A token too many does no harm.
    repeatable: true,
    signal,
  });
  const status = isRecord(answer) && isRecord(answer["status"]) ? answer["status"] : {};
  const { token, expirationTimestamp: until } = status;
  const expiresAt = typeof until === "string" ? Date.parse(until) : Number.NaN;
  if (typeof token === "string" && token !== "" && !Number.isNaN(expiresAt)) return { token, expiresAt };
  const message = `Cannot create ${subject}: the answer holds no token`;
  throw new ApiError({ code: 500, reason: "InvalidAnswer", message });
}
