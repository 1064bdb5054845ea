import { setTimeout as pause } from "node:timers/promises";
import { eventually } from "../support/eventually.ts";
import type { FaultWorld } from "./fault-world.ts";

/**
 * Lets the controller's next `count` writes through, then kills it as it waits for the answer to another. Returns false
 * when `isOver` came true before that.
 */
export async function killedAfter(world: FaultWorld, count: number, isOver: () => Promise<boolean>): Promise<boolean> {
  let seen = 0;
  const rule = world.proxy.rule({
    match: { when: ({ method, path }) => method !== "GET" && !path.includes("/leases") && ++seen > count },
    act: { kind: "hold" },
  });
  const isHeld = await eventually("a write is held or the work is done", async () =>
    rule.hits > 0 ? "held" : (await isOver()) ? "over" : false,
  );
  if (isHeld === "over") {
    rule.remove();
    return false;
  }
  // Answers that are under way arrive, so that the last record is written.
  await pause(100);
  await world.killProcess();
  world.proxy.clear();
  return true;
}
