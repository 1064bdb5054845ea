import { idOf, idText } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { CreateActions } from "#cli/create.ts";
import type { ClusterClient, ObjectRef } from "#engine/ports.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
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
};

async function create(client: ClusterClient, object: Resource, signal: AbortSignal): Promise<string[]> {
  const { namespace = "", name } = object.metadata;
  const ref: ObjectRef = { apiVersion: object.apiVersion, kind: object.kind, namespace, name };
  if (await client.get(ref, { signal })) {
    throw new CliError(`Cannot create ${idText(idOf(object))}: it exists already`, {
      advice: "Change it with kubectl edit, or choose another name.",
      exitCode: exitCode.refused,
    });
  }
  const lines: string[] = [];
  const home = { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } };
  if (!(await client.get({ apiVersion: "v1", kind: "Namespace", name: namespace }, { signal }))) {
    await client.create(home, { manager: CLI_MANAGER, signal });
    lines.push(`Namespace/${namespace} created`);
  }
  await client.create(object, { manager: CLI_MANAGER, signal });
  return [...lines, `${idText(idOf(object))} created`];
}

/** The parsers that the controller uses tell mistakes before anything is made; what refers to other objects is left to it. */
function checkSpec(object: Resource): void {
  const dialect = dialects.find((one) =>
    [...one.appKinds, ...one.sourceKinds].some((kind) => kind.kind === object.kind),
  );
  const isSource = dialect?.sourceKinds.some((kind) => kind.kind === object.kind);
  if (!dialect || !isSource) return;
  const parsed = dialect.parseSource(object);
  if (parsed.ok) return;
  const problems = parsed.error.map(({ path, message }) => `${path}: ${message}`).join("; ");
  throw new CliError(`Cannot create ${idText(idOf(object))}: ${problems}`, { exitCode: exitCode.usage });
}
