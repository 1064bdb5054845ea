import { joinApiVersion, type GroupKind } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { nearestNames } from "./cli-near-names.ts";
import { dialects, ownKinds } from "./dialects.ts";

/** Kinds that every cluster has, by group, with the short words that people know them by. */
const usualKinds: Readonly<Record<string, readonly string[]>> = {
  "": [
    "ConfigMap cm",
    "Endpoints ep",
    "LimitRange limits",
    "Namespace ns",
    "Node no",
    "PersistentVolume pv",
    "PersistentVolumeClaim pvc",
    "Pod po",
    "ReplicationController rc",
    "ResourceQuota quota",
    "Secret",
    "Service svc",
    "ServiceAccount sa",
  ],
  apps: ["ControllerRevision", "DaemonSet ds", "Deployment deploy", "ReplicaSet rs", "StatefulSet sts"],
  autoscaling: ["HorizontalPodAutoscaler hpa"],
  batch: ["CronJob cj", "Job"],
  "discovery.k8s.io": ["EndpointSlice"],
  "networking.k8s.io": ["Ingress ing", "IngressClass", "NetworkPolicy netpol"],
  policy: ["PodDisruptionBudget pdb"],
  "rbac.authorization.k8s.io": ["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
  "storage.k8s.io": ["StorageClass sc"],
  "apiextensions.k8s.io": ["CustomResourceDefinition crd"],
};

/**
 * The live object that `KIND/NAME` or `KIND.GROUP/NAME` means; `known` are kinds that apps use.
 * @throws CliError when there is none
 */
export async function findObject(
  client: ClusterClient,
  wanted: { address: string; namespace: string; known: readonly GroupKind[] },
  signal: AbortSignal,
): Promise<Resource> {
  const { address, namespace } = wanted;
  const [word = "", ...rest] = address.split("/");
  const name = rest.join("/");
  if (word === "" || name === "") {
    const advice = "Write KIND/NAME or KIND.GROUP/NAME, e.g. deployment/web or Certificate.cert-manager.io/web.";
    throw new CliError(`Cannot use "${address}" as an object`, { advice, exitCode: exitCode.usage });
  }
  let where = "";
  for (const kind of kindsOf(word, wanted.known)) {
    const found = await client.kind(kind, { signal });
    if (found.known !== "yes") continue;
    const place = found.info.namespaced ? { namespace } : {};
    where = found.info.namespaced ? ` in namespace ${namespace}` : "";
    const ref = { apiVersion: joinApiVersion(found.info), kind: kind.kind, ...place, name };
    const object = await client.get(ref, { signal });
    if (object) return object;
  }
  const advice = where === "" ? "" : "Name its namespace with -n.";
  throw new CliError(`Cannot find ${address}${where}`, { advice, exitCode: exitCode.notFound });
}

/** Kinds that a word may mean. @throws CliError when it means none */
export function kindsOf(word: string, known: readonly GroupKind[]): readonly GroupKind[] {
  const dot = word.indexOf(".");
  const [kindWord, group] = dot < 0 ? [word, null] : [word.slice(0, dot), word.slice(dot + 1)];
  const kinds = everyKind(known).filter((one) => {
    return (group === null || one.group === group) && one.words.includes(kindWord.toLowerCase());
  });
  if (kinds.length > 0) return kinds;
  // A group that nobody uses yet: the kind must be written as it is.
  if (group !== null) return [{ group, kind: kindWord }];
  const [near] = nearestNames(
    kindWord,
    everyKind(known).map((one) => one.kind.toLowerCase()),
  );
  const advice = near === undefined ? "Write it with its group: KIND.GROUP/NAME." : `Did you mean ${near}?`;
  throw new CliError(`Cannot tell which kind "${word}" is`, { advice, exitCode: exitCode.usage });
}

function everyKind(known: readonly GroupKind[]): readonly (GroupKind & { readonly words: readonly string[] })[] {
  const usual = Object.entries(usualKinds).flatMap(([group, texts]) =>
    texts.map((text) => {
      const [kind = "", ...short] = text.split(" ");
      return { group, kind, words: [...wordsOf(kind), ...short] };
    }),
  );
  const own = dialects.flatMap((dialect) =>
    ownKinds(dialect).map(({ group, kind, plural, short }) => {
      return { group, kind, words: [kind.toLowerCase(), plural, short] };
    }),
  );
  const used = known.map(({ group, kind }) => ({ group, kind, words: wordsOf(kind) }));
  return [...usual, ...own, ...used];
}

/** The singular and the plural of a kind, in small letters. */
function wordsOf(kind: string): readonly string[] {
  const word = kind.toLowerCase();
  if (/[^aeiou]y$/.test(word)) return [word, `${word.slice(0, -1)}ies`];
  return [word, /(s|x|ch)$/.test(word) ? `${word}es` : `${word}s`];
}
