import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { AppKey } from "#core/app/app.ts";
import type { Resource } from "#core/resource/resource.ts";
import { Expressions } from "./expressions.ts";
import type { Expression, ExpressionEvaluator } from "./expression-evaluator.ts";
import { settled } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";
import { keptLog } from "./testing/quiet.ts";

const SHOP = "app/apps/shop" as AppKey;
const CART = "app/apps/cart" as AppKey;

let batches: (readonly Expression[])[];
let told: AppKey[];
let answer: ExpressionEvaluator["evaluate"];
let expressions: Expressions;
let end: () => Promise<void>;

beforeEach(() => {
  batches = [];
  told = [];
  answer = (asked) => Promise.resolve(asked.map(({ text }) => (text === "bad" ? { error: "oops" } : { value: true })));
  const evaluator: ExpressionEvaluator = {
    run: (asked) =>
      Promise.resolve(asked.map(({ object }) => ({ value: { type: "table", value: (object as Resource).metadata } }))),
    evaluate: (asked, signal) => {
      batches.push(asked);
      return answer(asked, signal);
    },
  };
  expressions = new Expressions({ evaluator, onAnswer: (app) => void told.push(app), log: keptLog() });
  const scope = new AbortController();
  const life = expressions.run(scope.signal);
  end = async () => {
    scope.abort();
    await life;
  };
});
afterEach(() => end());

function version(resourceVersion: string): Resource {
  const object = configMap("x");
  return { ...object, metadata: { ...object.metadata, uid: "u", resourceVersion } };
}

function ask(text: string, object = version("1"), app = SHOP) {
  return expressions.ask(app, { text, vars: { ...object } }, [object]);
}

describe("Expressions", () => {
  test("tells who asked when the answer is there, and keeps it until the object changes", async () => {
    expect(ask("a")).toEqual({ kind: "pending" });
    await settled();
    expect([told, ask("a")]).toEqual([[SHOP], { kind: "value", value: true }]);
    expect(batches.length).toBe(1);
    expect(ask("a", version("2"))).toEqual({ kind: "pending" });
    await settled();
    expect(batches.length).toBe(2);
  });

  test("asks once for all who want to know, and together what is asked at one moment", async () => {
    ask("a");
    ask("a", version("1"), CART);
    ask("b");
    await settled();
    expect(batches.map((batch) => batch.map(({ text }) => text))).toEqual([["a", "b"]]);
    expect(told.toSorted()).toEqual([CART, SHOP, SHOP]);
  });

  test("asks about an object as it is when its turn comes, for all who asked about it before", async () => {
    ask("a", version("1"), CART);
    ask("a", version("2"));
    ask("a", version("3"));
    await settled();
    expect(batches.map((batch) => batch.length)).toEqual([1]);
    expect(told.toSorted()).toEqual([CART, SHOP]);
    expect(ask("a", version("3"))).toEqual({ kind: "value", value: true });
  });

  test("an expression that fails spoils no other", async () => {
    ask("bad");
    ask("a");
    await settled();
    expect([ask("bad"), ask("a")]).toEqual([
      { kind: "error", message: "oops" },
      { kind: "value", value: true },
    ]);
  });

  test("an evaluator that fails is asked again at once", async () => {
    const works = answer;
    answer = () => {
      answer = works;
      return Promise.reject(new Error("it died"));
    };
    ask("a");
    await settled();
    expect([ask("a"), told]).toEqual([{ kind: "value", value: true }, [SHOP]]);
  });

  test("one that kills the evaluator says so, is tried again a minute later, and its neighbours are answered", async () => {
    const works = answer;
    answer = (asked, signal) =>
      asked.some(({ text }) => text === "deadly") ? Promise.reject(new Error("it died")) : works(asked, signal);
    const texts = [...Array(60).keys()].map((index) => (index === 23 ? "deadly" : `n${index}`));
    for (const text of texts) ask(text);
    for (let turn = 0; turn < 20; turn += 1) await settled();
    const answers = texts.map((text) => ask(text));
    expect(answers.filter(({ kind }) => kind === "value").length).toBe(59);
    expect(answers[23]).toEqual({ kind: "error", message: "it cannot be evaluated: it died" });
    answer = works;
    const later = performance.now() + 61_000;
    const clock = vi.spyOn(performance, "now").mockImplementation(() => later);
    await vi.waitFor(() => expect(ask("deadly")).toEqual({ kind: "value", value: true }));
    clock.mockRestore();
  });

  test("a script is run once for each version of an object, and what it said of the version before is known meanwhile", async () => {
    const script = { name: "s", text: "a script", openLibs: false };
    const first = version("1");
    expect(expressions.askScript(SHOP, script, first)).toEqual({ answer: { kind: "pending" }, before: null });
    await settled();
    const answer = { kind: "value", value: { type: "table", value: first.metadata } };
    expect([told, expressions.askScript(SHOP, script, first).answer]).toEqual([[SHOP], answer]);
    const changed = expressions.askScript(SHOP, script, version("2"));
    expect(changed).toEqual({ answer: { kind: "pending" }, before: answer });
    expect(expressions.askScript(SHOP, { ...script, text: "another" }, version("2")).before).toBeNull();
  });
});
