import { expect, test } from "vitest";
import { sharedNotices } from "./shared-objects.ts";
import { TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

test("names each object that other apps declare too, with those apps", async () => {
  const engine = new TestEngine();
  const shop = await engine.work("shop", [configMap("x"), configMap("y"), configMap("z")]);
  expect(sharedNotices(engine.context, shop.state)).toEqual([]);
  await engine.work("till", [configMap("x")]);
  const cart = await engine.work("cart", [configMap("x"), configMap("z")]);
  const messages = sharedNotices(engine.context, shop.state).map(({ kind, message }) => `${kind}: ${message}`);
  expect(messages).toHaveLength(2);
  expect(messages[0]).toMatch(/^shared: .*x is part of app\/apps\/shop and app\/apps\/cart, app\/apps\/till$/);
  await engine.declare(cart, []);
  expect(sharedNotices(engine.context, shop.state)).toHaveLength(1);
  await engine.stop();
});
