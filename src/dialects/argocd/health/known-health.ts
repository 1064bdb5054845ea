import type { HealthRule } from "#core/health/health.ts";
import { healthBySigns, type SignRow } from "#core/health/signs.ts";
import { idOf, kindKey } from "#core/resource/resource-id.ts";
import { cloudGroups, cloudKinds } from "./cloud-kinds.ts";
import { databaseKinds, searchGroups } from "./database-kinds.ts";
import { deliveryKinds } from "./delivery-kinds.ts";
import { messageKinds } from "./message-kinds.ts";
import { platformKinds } from "./platform-kinds.ts";
import type { KindRows } from "./rows.ts";
import { secretKinds } from "./secret-kinds.ts";
import { trafficKinds } from "./traffic-kinds.ts";
import { workloadKinds } from "./workload-kinds.ts";

/** Kinds of widely used operators, by `group/Kind`. */
export const knownKinds: KindRows = {
  ...secretKinds,
  ...cloudKinds,
  ...trafficKinds,
  ...deliveryKinds,
  ...databaseKinds,
  ...messageKinds,
  ...platformKinds,
  ...workloadKinds,
};

/** Groups in which every kind reports alike; a kind of its own goes before. */
export const knownGroups: readonly (readonly [group: string, rows: readonly SignRow[]])[] = [
  ...cloudGroups,
  ...searchGroups,
];

/** The verdict on a kind that an operator brings; null: nothing is known of it. */
export const knownHealth: HealthRule = (object) => {
  const id = idOf(object);
  const rows =
    knownKinds[kindKey(id)] ??
    knownGroups.find(([group]) => id.group === group || (group.startsWith(".") && id.group.endsWith(group)))?.[1];
  return rows ? healthBySigns(object, rows) : null;
};
