import type { SetView } from "#contract/set-view.ts";
import { setKey } from "#core/app/app-set.ts";
import { textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { objectsOf } from "./cli-app-record.ts";
import { nearestNames } from "./cli-near-names.ts";
import { setRulesOf } from "./cli-set-work.ts";
import { dialects } from "./dialects.ts";

interface SetAddress {
  /** `NAME`, or `appset/NAME`. */
  readonly name: string;
  readonly namespace?: string | undefined;
}

/** Every set of apps. */
export async function listSets(
  client: ClusterClient,
  namespace: string | undefined,
  signal: AbortSignal,
): Promise<readonly Resource[]> {
  const found: Resource[] = [];
  for (const { sets } of dialects) {
    if (sets) found.push(...((await objectsOf(client, { kind: sets.kind, namespace }, signal)) ?? []));
  }
  return found.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/** The one set that an address means. @throws CliError naming near matches when there is none or more than one */
export async function findSet(client: ClusterClient, address: SetAddress, signal: AbortSignal): Promise<Resource> {
  const parts = address.name.split("/").slice(isSetAddress(address.name) ? 1 : 0);
  const name = parts.at(-1) ?? "";
  const namespace = parts.length > 1 ? parts[0] : address.namespace;
  const all = await listSets(client, namespace, signal);
  const found = all.filter(({ metadata }) => metadata.name === name);
  if (found.length === 1) return found[0] as Resource;
  const many = found.length > 1;
  const near = many ? found.map(keyOf) : nearestNames(name, all.map(keyOf));
  const message = many
    ? `Cannot tell which set "${name}" is: there are ${found.length} of that name`
    : `Cannot find the set "${name}"`;
  const advice = near.length > 0 ? `Did you mean ${near.join(" or ")}?` : "See all sets: holdfast get appsets";
  throw new CliError(message, { advice, exitCode: exitCode.notFound });
}

/** Whether a word is the address of a set rather than of an app. */
export function isSetAddress(word: string): boolean {
  return dialects.some(
    ({ sets }) => sets && (word.startsWith(`${sets.kind.short}/`) || word.startsWith(`${sets.kind.plural}/`)),
  );
}

/** What people see of a set. */
export function setView(object: Resource): SetView {
  const { namespace = "", name, creationTimestamp } = object.metadata;
  const { conditions = [], resourcesCount = 0 } = (object["status"] ?? {}) as {
    readonly conditions?: readonly unknown[];
    readonly resourcesCount?: number;
  };
  const messageOf = (type: string, status: string) => {
    const found = conditions.find((one) => textAt(one, ["type"]) === type && textAt(one, ["status"]) === status);
    return found === undefined ? null : textAt(found, ["message"]);
  };
  const failure = messageOf("ErrorOccurred", "True");
  const held = messageOf("ResourcesUpToDate", "False");
  const state = conditions.length === 0 ? "New" : failure !== null ? "Failed" : held !== null ? "Held" : "Ready";
  return {
    key: keyOf(object),
    namespace,
    name,
    state,
    apps: resourcesCount,
    message: failure ?? held ?? "",
    createdAt: creationTimestamp ?? "",
  };
}

function keyOf(object: Resource): string {
  const { namespace = "", name } = object.metadata;
  return setKey(setRulesOf(object).kind.short, namespace, name);
}
