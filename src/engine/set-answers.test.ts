import { expect, test } from "vitest";
import { ask, type Asking } from "#core/app/app-set.ts";
import type { Resource } from "#core/resource/resource.ts";
import { SetAnswers, type SetAnswersParts } from "./set-answers.ts";
import { FakeCluster } from "./testing/fake-cluster.ts";
import { configMap } from "./testing/fake-objects.ts";
import { handClock } from "./testing/quiet.ts";

const { signal } = new AbortController();

function answersWith(over: Partial<SetAnswersParts> = {}) {
  const decoded: string[] = [];
  const answers = new SetAnswers({
    client: new FakeCluster([]),
    providers: { read: () => Promise.reject(new Error("none")), post: () => Promise.reject(new Error("none")) },
    sources: { state: () => null, put: () => {} },
    templates: {
      fill: () => Promise.resolve([]),
      decode: (texts) => {
        decoded.push(texts.join());
        return Promise.resolve(texts.map((value) => ({ value })));
      },
    },
    clock: handClock(),
    lookup: () => null,
    ...over,
  });
  return { answers, decoded };
}

test("SetAnswers reads the same text once, however often a generator inside another asks for it in a row", async () => {
  const { answers, decoded } = answersWith();
  function* work(): Asking<readonly unknown[]> {
    const got: unknown[] = [];
    for (const text of ["[a]", "[a]", "[a]", "[b]"]) got.push(...(yield* ask("decode", { texts: [text] })));
    return got;
  }
  expect(await answers.run(work(), signal)).toEqual(["[a]", "[a]", "[a]", "[b]"].map((value) => ({ value })));
  expect(decoded).toEqual(["[a]", "[b]"]);
});

test("SetAnswers hold until an object that was looked up is another, however often it was", async () => {
  let found: Resource = configMap("project");
  let looks = 0;
  const lookup = () => {
    looks++;
    return found;
  };
  const { answers } = answersWith({ lookup });
  for (let time = 0; time < 100; time++) answers.lookup("Project", "control", "default");
  looks = 0;
  expect([answers.hold(), looks]).toEqual([true, 1]);
  found = configMap("project");
  expect(answers.hold()).toBe(false);
});
