import { afterEach, beforeEach, expect, test } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import { AppReconciler } from "./app-reconciler.ts";
import type { EngineContext } from "./engine-context.ts";
import { RemoteClusters } from "./remote-clusters.ts";
import { TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const SHOP = "app/apps/shop" as AppKey;
const X = configMap("x");

let here: TestEngine;
let there: TestEngine;
beforeEach(() => void ([here, there] = [new TestEngine(), new TestEngine()]));
afterEach(() => Promise.all([here.stop(), there.stop()]));

/** Sends the app to whichever cluster `target` says. */
class Destinations extends RemoteClusters {
  target: EngineContext = here.context;
  override contextOf() {
    return { kind: "ready", context: this.target } as const;
  }
}

test("an app whose objects are reached by another way is told of them there, and no more where they were", async () => {
  const remotes = new Destinations({
    connector: { connect: () => Promise.reject(new Error("nobody connects here")) as never },
    partsOf: () => here.context,
    log: here.log,
  });
  const reconciler = new AppReconciler(here.context, remotes, { recheck: () => {}, report: () => {} });
  await here.work("shop", [X]);
  await reconciler.reconcile(SHOP, here.signal);
  const state = reconciler.state(SHOP)!;
  await here.declare({ context: here.context, state }, [X]);
  const claimed = () => [here, there].map(({ context }) => context.index.claimants(keyOf(X)).has(SHOP));
  expect(claimed()).toEqual([true, false]);
  const { index, releases, contents } = there.context;
  remotes.target = { ...here.context, index, releases, contents };
  state.dirty = new Set();
  await reconciler.reconcile(SHOP, here.signal);
  expect(claimed()).toEqual([false, true]);
  expect(state.dirty).toBe("all");
});
