import type { EventView } from "#contract/event-view.ts";
import { numberAt, textAt } from "#core/health/condition.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { EventsActions } from "#cli/events.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { type AppRecord, findApp } from "./cli-app-record.ts";
import { withClient } from "./cli-session.ts";

/** Reads events about apps. */
export const eventsActions: EventsActions = {
  events: (query, signal) =>
    withClient(query, async (client) => eventsOf(client, await findApp(client, query, signal), signal), signal),
};

async function eventsOf(client: ClusterClient, record: AppRecord, signal: AbortSignal): Promise<readonly EventView[]> {
  const { namespace = "default", name } = record.object.metadata;
  const found = await client.kind({ group: "", kind: "Event" }, { signal });
  if (found.known !== "yes") return [];
  const fieldSelector = `involvedObject.kind=${record.kind.kind},involvedObject.name=${name}`;
  const events = await client.list(found.info, { namespace, fieldSelector }, { signal });
  return events.map(view).sort((a, b) => (a.at < b.at ? -1 : 1));
}

function view(event: Resource): EventView {
  const times = ["lastTimestamp", "eventTime", "firstTimestamp"].map((field) => textAt(event, [field]));
  return {
    at: times.find((time) => time !== "") ?? event.metadata.creationTimestamp ?? "",
    type: textAt(event, ["type"]),
    reason: textAt(event, ["reason"]),
    from: textAt(event, ["source", "component"]) || textAt(event, ["reportingComponent"]),
    count: numberAt(event, ["count"], 1),
    message: textAt(event, ["message"]),
  };
}
