import { expect, test } from "vitest";
import type { SourceKey } from "#core/source/source.ts";
import type { AppWork } from "./app-state.ts";
import type { EngineContext } from "./engine-context.ts";
import { plainApp } from "./testing/app.ts";
import { TakeoverLooks } from "./takeover-looks.ts";

const app = plainApp("web");

function setUp() {
  const world = { error: null as { message: string } | null, base: null as string | null };
  const answers: (() => void)[] = [];
  const told: string[] = [];
  const context = {
    bases: { sourcesOf: () => [], failure: () => world.base },
    sources: {
      refresh: (_source: SourceKey, done: () => void) => answers.push(done),
      state: () => ({ error: world.error }),
    },
  } as unknown as EngineContext;
  const looks = new TakeoverLooks(context, (key) => told.push(key));
  const work = { context, state: { app } } as unknown as AppWork;
  return { world, answers, told, looks, waiting: () => looks.waiting(work) };
}

test("an app that nobody took over waits for nothing", () => {
  expect(setUp().waiting()).toBeNull();
});

test("an app that is taken over waits until every remote has answered, each time anew", () => {
  const { looks, answers, told, waiting } = setUp();
  looks.begin(app);
  expect(waiting()).toBe("pending");
  answers[0]?.();
  expect(waiting()).toBeNull();
  expect(told).toEqual([app.key]);
  looks.begin(app);
  expect(waiting()).toBe("pending");
});

test("an app whose source or base cannot be read is not worked on before it can", () => {
  const { world, looks, answers, waiting } = setUp();
  looks.begin(app);
  world.error = { message: "no route" };
  answers[0]?.();
  expect(waiting()).toEqual({ kind: "source-failed", missing: false, message: "no route" });
  world.error = null;
  world.base = "no base";
  expect(waiting()).toEqual({ kind: "render-failed", code: "build", message: "no base" });
  world.base = null;
  expect(waiting()).toBeNull();
});
