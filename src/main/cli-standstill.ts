import { ADOPTED_ANNOTATION } from "#core/app/adoption.ts";
import { annotationsOf, labelsOf, type Resource } from "#core/resource/resource.ts";
import type { AppsAction, AppsQuery, Handled } from "#cli/adopt.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";
import type { PauseActions } from "#cli/pause.ts";
import { PAUSE_ANNOTATION } from "#engine/write-guard.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, type FoundApp, findApp, listApps, refOfApp } from "./cli-app-record.ts";
import { personName } from "./cli-git-person.ts";
import { noteEvent } from "./cli-note-event.ts";
import { CLI_MANAGER } from "./cli-reconcile.ts";
import { withClient } from "./cli-session.ts";

const SKIP_ANNOTATION = "argocd.argoproj.io/skip-reconcile";
const LONGEST_PAUSE_MS = 7 * 86_400_000;

/** Suspends apps; an adopted one only here, because its switch belongs to the other controller. */
export const suspend: AppsAction = onApps("Suspended", (record) => switched(record, true));

/** Ends suspensions and pauses. */
export const resume: AppsAction = onApps("Resumed", (record) => ({ ...switched(record, false), paused: null }));

/** Pauses an app for a bounded time. */
export const pauseActions: PauseActions = {
  pause: (query, signal) =>
    withClient(
      query,
      async (client) => {
        if (query.forMs > LONGEST_PAUSE_MS || query.reason.trim() === "") {
          throw new CliError("Cannot pause: it takes a reason and at most 7 days", {
            advice: "For longer use: holdfast suspend APP",
            exitCode: exitCode.usage,
          });
        }
        const record = await findApp(client, query, signal);
        const until = new Date(Date.now() + query.forMs).toISOString().replace(/\.\d+Z$/, "Z");
        const reason = `${query.reason.trim()} (${await personName(signal)})`;
        await change({ client, record }, { message: "", paused: `${until} ${reason}` }, signal);
        await noteEvent({ client, record }, { reason: "Paused", message: `until ${until}: ${query.reason}` }, signal);
        return { app: record.key, until };
      },
      signal,
    ),
};

/** What to do to one app; absent members stay as they are. */
export interface Turn {
  readonly message: string;
  readonly adopted?: string | null;
  readonly paused?: string | null;
  /** Position of the vendor's own switch. */
  readonly off?: boolean;
}

function onApps(reason: string, turnOf: (record: AppRecord) => Turn): AppsAction {
  return (query, signal) =>
    withClient(
      query,
      async (client) => {
        const handled: Handled[] = [];
        for (const record of await chosen(client, query, signal)) {
          handled.push(await turned({ client, record }, { reason, turn: turnOf(record) }, signal));
        }
        return handled;
      },
      signal,
    );
}

/** Does to one app what is to be done, if anything. */
export async function turned(
  { client, record }: FoundApp,
  { reason, turn }: { readonly reason: string; readonly turn: Turn },
  signal: AbortSignal,
): Promise<Handled> {
  const isChange = turn.adopted !== undefined || turn.paused !== undefined || turn.off !== undefined;
  if (isChange) {
    await change({ client, record }, turn, signal);
    await noteEvent({ client, record }, { reason, message: turn.message }, signal);
  }
  return { app: record.key, message: turn.message };
}

function switched(record: AppRecord, off: boolean): Turn {
  const message = off ? "is suspended" : "goes on";
  const adopted = annotationsOf(record.object)[ADOPTED_ANNOTATION];
  if (adopted === undefined) return { message, off };
  return { message, adopted: `${adopted.split(" ")[0] ?? ""} ${off}` };
}

/** The apps that a person means. @throws CliError when there are none */
export async function chosen(
  client: ClusterClient,
  query: AppsQuery,
  signal: AbortSignal,
): Promise<readonly AppRecord[]> {
  if (query.all) return listApps(client, query.namespace, signal);
  if (query.selector === undefined) {
    const records: AppRecord[] = [];
    for (const name of query.names) {
      records.push(await findApp(client, { name, namespace: query.namespace }, signal));
    }
    return records;
  }
  const wanted = parseSelector(query.selector);
  const records = await listApps(client, query.namespace, signal);
  const found = records.filter(({ object }) => wanted.every((matches) => matches(object)));
  if (found.length > 0) return found;
  throw new CliError(`Cannot find an app with the labels ${query.selector}`, {
    advice: "See all apps: holdfast get apps",
    exitCode: exitCode.notFound,
  });
}

function parseSelector(text: string): ((object: Resource) => boolean)[] {
  return text.split(",").map((part) => {
    const match = /^\s*([\w./-]+)\s*(?:(!=|==?)\s*([\w.-]*))?\s*$/.exec(part);
    const [, name = "", operator, value = ""] = match ?? [];
    if (match === null) {
      throw new CliError(`Cannot use the selector "${text}"`, {
        advice: "Write it as team=shop,tier!=test.",
        exitCode: exitCode.usage,
      });
    }
    if (operator === undefined) return (object) => name in labelsOf(object);
    return (object) => (labelsOf(object)[name] === value) === (operator !== "!=");
  });
}

async function change({ client, record }: FoundApp, turn: Turn, signal: AbortSignal): Promise<void> {
  const annotations: Record<string, string | null> = {};
  if (turn.adopted !== undefined) annotations[ADOPTED_ANNOTATION] = turn.adopted;
  if (turn.paused !== undefined) annotations[PAUSE_ANNOTATION] = turn.paused;
  const isArgo = record.dialect.name === "argocd";
  if (turn.off !== undefined && isArgo) annotations[SKIP_ANNOTATION] = turn.off ? "true" : null;
  const spec = turn.off === undefined || isArgo ? {} : { spec: { suspend: turn.off } };
  const body = { metadata: { annotations }, ...spec };
  await client.patch(refOfApp(record), body, { type: "merge", manager: CLI_MANAGER, signal });
}
