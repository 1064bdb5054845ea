import { LRUCache } from "lru-cache";
import type { AppKey } from "#core/app/app.ts";
import type { Answer } from "#core/health/expression-health.ts";
import type { Resource } from "#core/resource/resource.ts";
import { aborted } from "#async/task-group.ts";
import { sleep } from "#async/with-deadline.ts";
import type { Expression, ExpressionEvaluator } from "./expression-evaluator.ts";
import type { Log } from "./ports.ts";
import { failureText } from "./requests.ts";

/** How expressions are evaluated. */
export interface ExpressionsOptions {
  readonly evaluator: ExpressionEvaluator;
  /** Told when an answer that the app waits for is there. */
  readonly onAnswer: (app: AppKey) => void;
  readonly log: Log;
}

interface Question {
  readonly expression: Expression;
  readonly apps: Set<AppKey>;
}

const MAX_ANSWERS = 20_000;
const MAX_BATCH = 200;
const AGAIN_MS = 5_000;

/**
 * Answers to expressions over objects. Nobody waits for an answer: who asks is told when it is there, and the answer for
 * an object holds until the object changes.
 */
export class Expressions {
  readonly #options: ExpressionsOptions;
  readonly #answers = new LRUCache<string, Answer>({ max: MAX_ANSWERS });
  readonly #asked = new Map<string, Question>();
  #signal: AbortSignal | null = null;
  #working: Promise<void> | null = null;

  constructor(options: ExpressionsOptions) {
    this.#options = options;
  }

  /** Allows evaluation until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#work();
    await aborted(signal);
    await this.#working;
  }

  /** What an expression says, whose variables these objects give; `pending` while that is found out. */
  ask(app: AppKey, expression: Expression, objects: readonly Resource[]): Answer {
    const versions = objects.map(({ metadata }) => [metadata.uid, metadata.resourceVersion]);
    const key = JSON.stringify([expression.text, versions]);
    const known = this.#answers.get(key);
    if (known) return known;
    const question = this.#asked.get(key) ?? { expression, apps: new Set() };
    question.apps.add(app);
    this.#asked.set(key, question);
    this.#work();
    return { kind: "pending" };
  }

  #work(): void {
    if (this.#working || !this.#signal || this.#signal.aborted || this.#asked.size === 0) return;
    this.#working = this.#evaluateAll(this.#signal).finally(() => {
      this.#working = null;
      this.#work();
    });
  }

  async #evaluateAll(signal: AbortSignal): Promise<void> {
    // One turn later, so that what is asked at one moment is asked together.
    await Promise.resolve();
    const batch = [...this.#asked].slice(0, MAX_BATCH);
    const asked = batch.map(([, { expression }]) => expression);
    try {
      const verdicts = await this.#options.evaluator.evaluate(asked, signal);
      for (const [index, [key, { apps }]] of batch.entries()) {
        const verdict = verdicts[index] ?? { error: "no answer" };
        this.#asked.delete(key);
        this.#answers.set(key, "error" in verdict ? { kind: "error", message: verdict.error } : asValue(verdict.value));
        for (const app of apps) this.#options.onAnswer(app);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#options.log.warn({ error: failureText(error) }, "expressions were not evaluated");
      await sleep(AGAIN_MS, signal).catch(() => {});
    }
  }
}

function asValue(value: boolean): Answer {
  return { kind: "value", value };
}
