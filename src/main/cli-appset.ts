import { jqFinder } from "#adapters/upstream/jq-paths.ts";
import { GithubAppTokens } from "#adapters/git/github-app-tokens.ts";
import { localTree } from "#adapters/local/local-tree.ts";
import { ProviderReaders } from "#adapters/provider/provider-reader.ts";
import type { SetPreview } from "#contract/set-view.ts";
import type { Dialect, Lookup } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import { joinApiVersion } from "#core/resource/resource-id.ts";
import type { Source } from "#core/source/source.ts";
import type { PreviewQuery, SetActions, SetFiles } from "#cli/appset.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { FieldQueries } from "#engine/field-queries.ts";
import { remoteAnswer, type RemoteQuestion } from "#engine/remote-answers.ts";
import { ignoredInMembers } from "#engine/set-ignored.ts";
import { setPlan } from "#engine/set-plan.ts";
import { secretsOf } from "#engine/source-secrets.ts";
import { lookupFor, objectsOf } from "./cli-app-record.ts";
import { withFetchers } from "./cli-fetchers.ts";
import { readObjects, withHelpers } from "./cli-files.ts";
import { resolved } from "./cli-resolved.ts";
import { setRulesOf, usableSet, workedOut } from "./cli-set-work.ts";
import { vendorSettings, withClient } from "./cli-session.ts";
import { dialects } from "./dialects.ts";
import { findSet } from "./cli-set-record.ts";

/** Works sets out as the controller does. */
export const setActions: SetActions = {
  generate: (input, signal) => withHelpers((helpers) => generate(input, { helpers }, signal)),
  preview: (query, signal) => withClient(query, (client) => preview(client, query, signal), signal),
};

async function generate(
  input: SetFiles,
  { helpers }: { helpers: Parameters<Parameters<typeof withHelpers>[0]>[0] },
  signal: AbortSignal,
): ReturnType<SetActions["generate"]> {
  const object = await setIn(input.file, signal);
  const files = input.with.length > 0 ? await readObjects(input.with, signal) : [];
  const lookup = lookupAmong(files.flatMap(({ objects }) => objects));
  const work = setRulesOf(object).generate(usableSet(object), lookup, vendorSettings);
  const { source } = input;
  const tree = (of: Source) => {
    if (source !== undefined) return Promise.resolve(localTree(source));
    throw new CliError(`Cannot read ${of.url}: this command is offline`, {
      advice: "Name a checkout of it: --source DIRECTORY",
      exitCode: exitCode.usage,
    });
  };
  const remote = () => {
    throw new CliError("Cannot ask services or a cluster: this command is offline", {
      advice: "See what the set would change on a cluster: holdfast appset preview -f FILE",
      exitCode: exitCode.usage,
    });
  };
  const { made, problems } = await workedOut(work, { helpers, tree, remote }, signal);
  return { made, problems };
}

/** The one set of a file, in the vendor's namespace where it names none. @throws CliError */
async function setIn(file: string, signal: AbortSignal): Promise<Resource> {
  const [read] = await readObjects([file], signal);
  const kinds = dialects.flatMap(({ sets }) => (sets ? [sets.kind.kind] : []));
  const found = (read?.objects ?? []).filter(({ kind }) => kinds.includes(kind));
  const [object] = found;
  if (!object || found.length > 1) {
    const advice = "Give it a file with exactly one ApplicationSet.";
    const count = found.length === 0 ? "no" : String(found.length);
    throw new CliError(`Cannot use ${file}: it has ${count} sets`, { advice, exitCode: exitCode.usage });
  }
  const { namespace = vendorSettings.controlNamespace } = object.metadata;
  return { ...object, metadata: { ...object.metadata, namespace } };
}

/** Objects of files; where there are no projects, whatever a set names is taken to exist. */
function lookupAmong(objects: readonly Resource[]): Lookup {
  const all = (kind: string) => objects.filter((object) => object.kind === kind);
  const hasProjects = all("AppProject").length > 0;
  const one = (kind: string, namespace: string, name: string): Resource | null => {
    const found = objects.find((object) => {
      const { namespace: own = vendorSettings.controlNamespace } = object.metadata;
      return object.kind === kind && object.metadata.name === name && own === namespace;
    });
    if (found || kind !== "AppProject" || hasProjects) return found ?? null;
    return { apiVersion: "argoproj.io/v1alpha1", kind, metadata: { name, namespace }, spec: {} };
  };
  return Object.assign(one, { all });
}

async function preview(client: ClusterClient, query: PreviewQuery, signal: AbortSignal): Promise<SetPreview> {
  const { object, live } = await setMeant(client, query, signal);
  const rules = setRulesOf(object);
  const dialect = dialects.find(({ sets }) => sets === rules) as Dialect;
  const identity = { ...object.metadata, uid: live?.metadata.uid ?? "not there yet" };
  const set = usableSet({ ...object, metadata: identity });
  const lookup = await lookupFor(client, dialect, signal);
  return withFetchers(
    async ({ fetchers, helpers }) => {
      const tree = async (source: Source) => {
        const repository = fetchers.open(source, await secretsOf(client, source, signal));
        return repository.tree((await resolved(repository, source.ref, signal)).commit, signal);
      };
      const providers = new ProviderReaders({ appTokens: new GithubAppTokens(Date.now), roleKeys: fetchers.clouds });
      const remote = (question: RemoteQuestion) => remoteAnswer({ client, providers }, question, signal);
      try {
        const work = rules.generate(set, lookup, vendorSettings);
        const generated = await workedOut(work, { helpers, tree, remote }, signal);
        const queries = new FieldQueries(jqFinder(helpers));
        return await previewOf({ client, queries }, { set, rules, generated }, signal);
      } finally {
        await providers.close();
      }
    },
    { client },
  );
}

async function setMeant(
  client: ClusterClient,
  { name, file, namespace }: PreviewQuery,
  signal: AbortSignal,
): Promise<{ object: Resource; live: Resource | null }> {
  if ((name === null) === (file === null)) {
    throw new CliError("Cannot tell which set is meant", {
      advice: "Name one, or a file with -f.",
      exitCode: exitCode.usage,
    });
  }
  if (file === null) {
    const live = await findSet(client, { name: name ?? "", namespace }, signal);
    return { object: live, live };
  }
  const object = await setIn(file, signal);
  const { kind } = setRulesOf(object);
  const { namespace: place = "", name: own } = object.metadata;
  const ref = { apiVersion: joinApiVersion(kind), kind: kind.kind, namespace: place, name: own };
  return { object, live: await client.get(ref, { signal }) };
}

async function previewOf(
  { client, queries }: { readonly client: ClusterClient; readonly queries: FieldQueries },
  made: Omit<Parameters<typeof setPlan>[0], "rollout">,
  signal: AbortSignal,
): Promise<SetPreview> {
  const { set, rules } = made;
  const { namespace = "", uid = "" } = set.object.metadata;
  const apps = (await objectsOf(client, { kind: rules.member, namespace }, signal)) ?? [];
  const members = apps.filter((app) => rules.ownerOf(app) === uid);
  const rollout = rules.rollout(set, { wanted: made.generated.apps, live: members, now: Date.now() });
  const liveOf = (name: string) => apps.find(({ metadata }) => metadata.name === name) ?? null;
  const ignored = await ignoredInMembers(queries, { rules, set, apps: rollout.apps, liveOf }, signal);
  const plan = setPlan({ ...made, rollout }, { liveOf, members, ignored });
  return {
    set: set.key,
    created: plan.writes.flatMap(({ wanted, change }) => (change.kind === "create" ? [wanted.metadata.name] : [])),
    updated: plan.writes.flatMap(({ wanted, change }) => {
      return change.kind === "update" ? [{ name: wanted.metadata.name, fields: fieldsOf(change.patch, "") }] : [];
    }),
    deleted: plan.deletions.map(({ metadata }) => metadata.name),
    held: plan.held && { reason: plan.held.reason, names: plan.held.names },
    problems: plan.problems,
  };
}

/** Names of the fields that a patch sets, with those that lead to them. */
function fieldsOf(patch: Readonly<Record<string, unknown>>, prefix: string): readonly string[] {
  return Object.entries(patch).flatMap(([name, value]) => {
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMap ? fieldsOf(value as Readonly<Record<string, unknown>>, `${prefix}${name}.`) : [`${prefix}${name}`];
  });
}
