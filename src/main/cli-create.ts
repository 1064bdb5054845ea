import { ApiError } from "#core/cluster/api-error.ts";
import { idOf, idText } from "#core/resource/resource-id.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { CreateActions } from "#cli/create-parts.ts";
import { tenantLabel } from "#cli/create-tenant.ts";
import type { ClusterClient, ObjectRef } from "#engine/ports.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
import { secretOf } from "./cli-secret.ts";
import { withClient } from "./cli-session.ts";
import { dialects } from "./dialects.ts";

/** Applies new objects after their dialect has found nothing wrong with them. */
export const createActions: CreateActions = {
  apply: (objects, where, signal) =>
    withClient(
      where,
      async (client) => {
        for (const object of objects) checkSpec(object);
        const lines: string[] = [];
        for (const object of objects) lines.push(...(await create(client, object, signal)));
        return lines;
      },
      signal,
    ),
  ensure: (objects, where, signal) =>
    withClient(
      where,
      async (client) => {
        for (const object of objects) await checkTenant(client, object, signal);
        const lines: string[] = [];
        for (const object of objects) lines.push(...(await ensure(client, object, signal)));
        return lines;
      },
      signal,
    ),
  secretOf,
};

async function create(client: ClusterClient, object: Resource, signal: AbortSignal): Promise<string[]> {
  if (await client.get(refOf(object), { signal })) {
    throw new CliError(`Cannot create ${idText(idOf(object))}: it exists already`, {
      advice: "Change it with kubectl edit, or choose another name.",
      exitCode: exitCode.refused,
    });
  }
  const lines = await withHome(client, object, signal);
  await client.create(object, { manager: CLI_MANAGER, signal });
  return [...lines, `${idText(idOf(object))} created`];
}

/** Makes the namespace of an object when it is not there. */
async function withHome(client: ClusterClient, { metadata }: Resource, signal: AbortSignal): Promise<string[]> {
  const { namespace } = metadata;
  if (namespace === undefined) return [];
  if (await client.get({ apiVersion: "v1", kind: "Namespace", name: namespace }, { signal })) return [];
  const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  await client.create(home, { manager: CLI_MANAGER, signal });
  return [`Namespace/${namespace} created`];
}

async function ensure(client: ClusterClient, object: Resource, signal: AbortSignal): Promise<string[]> {
  const lines = await withHome(client, object, signal);
  const before = await client.get(refOf(object), { signal });
  try {
    const answer = await client.apply(object, { manager: CLI_MANAGER, force: false, signal });
    const same = before?.metadata.resourceVersion === answer.object.metadata.resourceVersion;
    return [...lines, `${idText(idOf(object))} ${answer.created ? "created" : same ? "unchanged" : "changed"}`];
  } catch (error) {
    const advice = error instanceof ApiError ? adviceFor(error, object) : undefined;
    if (advice === undefined) throw error;
    const { message } = error as ApiError;
    throw new CliError(message, { advice, exitCode: exitCode.refused, cause: error });
  }
}

function adviceFor({ code, reason }: ApiError, { kind, metadata }: Resource): string | undefined {
  const address = `${kind.toLowerCase()} ${metadata.name}${metadata.namespace === undefined ? "" : ` -n ${metadata.namespace}`}`;
  if (code === 409 && reason === "Conflict") {
    return `Somebody else wrote these fields. Look at them: kubectl get ${address} -o yaml --show-managed-fields`;
  }
  if (code === 422 && kind === "RoleBinding")
    return `A binding keeps its role. Delete it first: kubectl delete ${address}`;
  return undefined;
}

/** A namespace has one tenant. */
async function checkTenant(client: ClusterClient, object: Resource, signal: AbortSignal): Promise<void> {
  const wanted = labelsOf(object)[tenantLabel];
  if (object.kind !== "Namespace" || wanted === undefined) return;
  const live = await client.get(refOf(object), { signal });
  const owner = live && labelsOf(live)[tenantLabel];
  if (owner === undefined || owner === null || owner === wanted) return;
  throw new CliError(`Cannot give the namespace ${object.metadata.name} to the tenant ${wanted}: it is ${owner}'s`, {
    advice: `Choose another namespace, or take it from ${owner} first: kubectl label namespace ${object.metadata.name} ${tenantLabel}-`,
    exitCode: exitCode.refused,
  });
}

function refOf({ apiVersion, kind, metadata }: Resource): ObjectRef {
  const { namespace = "", name } = metadata;
  return { apiVersion, kind, namespace, name };
}

/** The parsers that the controller uses tell mistakes before anything is made; what refers to other objects is left to it. */
function checkSpec(object: Resource): void {
  const dialect = dialects.find((one) =>
    [...one.appKinds, ...one.sourceKinds].some((kind) => kind.kind === object.kind),
  );
  const isSource = dialect?.sourceKinds.some((kind) => kind.kind === object.kind);
  if (!dialect || !isSource) return;
  const parsed = dialect.parseSource(object, () => null);
  if (parsed.ok) return;
  const problems = parsed.error.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new CliError(`Cannot create ${idText(idOf(object))}: ${problems}`, { exitCode: exitCode.usage });
}
