import { expect, test } from "vitest";
import type { App } from "#core/app/app.ts";
import type { SourceKey } from "#core/source/source.ts";
import { FreshLooks } from "./fresh-looks.ts";
import { plainApp } from "./testing/app.ts";

let bases: SourceKey[] = [];

function setUp(...inline: boolean[]) {
  return setUpWith(false, inline);
}

function setUpWith(awaitsDeclared: boolean, inline: readonly boolean[]) {
  const answers: (() => void)[] = [];
  const told: string[] = [];
  const looks = new FreshLooks({
    basesOf: () => bases,
    refresh: (_source: SourceKey, done) => answers.push(done),
    onAnswer: (key) => told.push(key),
    awaitsDeclared,
  });
  const base = plainApp("web");
  const sources = inline.map((own) => ({ ...base.sources[0]!, inline: own ? ({} as never) : null }));
  const app: App = { ...base, sources };
  return { looks, app, answers, told };
}

test("a look is over when every remote of the app's own has answered to it", () => {
  const { looks, app, answers, told } = setUp(true, true);
  expect(looks.begin(app, "one")).toBe(true);
  expect(looks.begin(app, "one")).toBe(false);
  answers[0]?.();
  expect(looks.isOver(app.key, "one")).toBe(false);
  answers[1]?.();
  expect(looks.isOver(app.key, "one")).toBe(true);
  expect(told).toEqual([app.key, app.key]);
});

test("an answer to an earlier look is none to the next one", () => {
  const { looks, app, answers } = setUp(true);
  looks.begin(app, "one");
  looks.begin(app, "two");
  answers[0]?.();
  expect(looks.isOver(app.key, "two")).toBe(false);
  answers[1]?.();
  expect(looks.isOver(app.key, "two")).toBe(true);
});

test("the same words are a new look once the last one is forgotten", () => {
  const { looks, app, answers } = setUp(true);
  looks.begin(app, "one");
  answers[0]?.();
  looks.delete(app.key);
  expect(looks.begin(app, "one")).toBe(true);
  expect(looks.isOver(app.key, "one")).toBe(false);
});

test("a source of its own object is asked, and nobody waits for it", () => {
  const { looks, app, answers, told } = setUp(false);
  looks.begin(app, "one");
  expect(looks.isOver(app.key, "one")).toBe(true);
  answers[0]?.();
  expect(told).toEqual([]);
});

test("a source of its own object is waited for where that is asked for", () => {
  const { looks, app, answers, told } = setUpWith(true, [false]);
  looks.begin(app, "one");
  expect(looks.isOver(app.key, "one")).toBe(false);
  answers[0]?.();
  expect(looks.isOver(app.key, "one")).toBe(true);
  expect(told).toEqual([app.key]);
});

test("what an app takes of other repositories is asked too, and waited for", () => {
  bases = ["base:git:https://git.example/a#" as SourceKey];
  const { looks, app, answers } = setUp(false);
  looks.begin(app, "one");
  expect(answers).toHaveLength(2);
  answers[0]?.();
  expect(looks.isOver(app.key, "one")).toBe(false);
  answers[1]?.();
  expect(looks.isOver(app.key, "one")).toBe(true);
  bases = [];
});
