import { LRUCache } from "lru-cache";
import type { AppKey } from "#core/app/app.ts";
import type { Answer } from "#core/health/expression-health.ts";
import type { HealthScript } from "#core/health/health.ts";
import type { ScriptValue } from "#core/health/script-health.ts";
import type { Resource } from "#core/resource/resource.ts";
import { aborted } from "#async/task-group.ts";
import { sleep } from "#async/with-deadline.ts";
import type { Evaluated, Expression, ExpressionEvaluator, ScriptRun } from "./expression-evaluator.ts";
import type { Log } from "./ports.ts";
import { failureText } from "./requests.ts";

/** How expressions are evaluated. */
export interface ExpressionsOptions {
  readonly evaluator: ExpressionEvaluator;
  /** Told when an answer that the app waits for is there. */
  readonly onAnswer: (app: AppKey) => void;
  readonly log: Log;
}

/**
 * Answers to expressions and of scripts over objects. Nobody waits for an answer: who asks is told when it is there, and
 * the answer for an object holds until the object changes.
 */
export class Expressions {
  readonly #expressions: Asked<Expression, boolean>;
  readonly #scripts: Asked<ScriptRun, ScriptValue>;

  constructor({ evaluator, onAnswer, log }: ExpressionsOptions) {
    const expressions = evaluator.evaluate.bind(evaluator);
    const scripts = evaluator.run.bind(evaluator);
    this.#expressions = new Asked({ evaluate: expressions, onAnswer, log });
    this.#scripts = new Asked({ evaluate: scripts, onAnswer, log });
  }

  /** Allows evaluation until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    await Promise.all([this.#expressions.run(signal), this.#scripts.run(signal)]);
  }

  /** What an expression says, whose variables these objects give; `pending` while that is found out. */
  ask(app: AppKey, expression: Expression, objects: readonly Resource[]): Answer {
    return this.#expressions.ask(app, expression, objects).answer;
  }

  /** What a script returns for an object, and, while that is found out, what it returned for the object before. */
  askScript(
    app: AppKey,
    script: HealthScript,
    object: Resource,
  ): { readonly answer: Answer<ScriptValue>; readonly before: Answer<ScriptValue> | null } {
    return this.#scripts.ask(app, { ...script, object }, [object]);
  }
}

interface AskedOptions<Question, T> {
  readonly evaluate: (questions: readonly Question[], signal: AbortSignal) => Promise<readonly Evaluated<T>[]>;
  readonly onAnswer: (app: AppKey) => void;
  readonly log: Log;
}

interface Waiting<Question> {
  readonly question: Question;
  /** The text and the objects, whatever their versions. */
  readonly subject: string;
  readonly apps: Set<AppKey>;
}

const MAX_ANSWERS = 20_000;
const MAX_BATCH = 200;
const AGAIN_MS = 5_000;
/** Where there was no answer, who asks later may be luckier. */
const UNEVALUATED_MS = 60_000;

/** Questions of one sort and their answers. */
class Asked<Question extends { readonly text: string }, T extends {}> {
  readonly #options: AskedOptions<Question, T>;
  readonly #answers = new LRUCache<string, Answer<T>>({ max: MAX_ANSWERS });
  readonly #latest = new LRUCache<string, Answer<T>>({ max: MAX_ANSWERS });
  /** Texts by number: they may be long, and there are few. */
  readonly #texts = new Map<string, number>();
  readonly #asked = new Map<string, Waiting<Question>>();
  /** The question about each subject that waits: an object may change many times before it is judged. */
  readonly #newest = new Map<string, string>();
  /** Questions that failed when they were asked alone: asked once more, then answered with why. */
  readonly #suspects = new Set<string>();
  /** How many are asked together. */
  #together = MAX_BATCH;
  /** How many in a row had no answer. */
  #lost = 0;
  #signal: AbortSignal | null = null;
  #working: Promise<void> | null = null;

  constructor(options: AskedOptions<Question, T>) {
    this.#options = options;
  }

  async run(signal: AbortSignal): Promise<void> {
    this.#signal = signal;
    this.#work();
    await aborted(signal);
    await this.#working;
  }

  ask(
    app: AppKey,
    question: Question,
    objects: readonly Resource[],
  ): { readonly answer: Answer<T>; readonly before: Answer<T> | null } {
    const text = this.#texts.get(question.text) ?? this.#texts.size;
    this.#texts.set(question.text, text);
    const key = JSON.stringify([text, objects.map(({ metadata }) => [metadata.uid, metadata.resourceVersion])]);
    const known = this.#answers.get(key);
    if (known) return { answer: known, before: null };
    const subject = JSON.stringify([text, objects.map(({ metadata }) => metadata.uid)]);
    const waiting = this.#asked.get(key) ?? { question, subject, apps: this.#outdone(subject, key) };
    waiting.apps.add(app);
    this.#asked.set(key, waiting);
    this.#work();
    return { answer: { kind: "pending" }, before: this.#latest.get(subject) ?? null };
  }

  /** Who waited for an answer about a subject as it was before waits for the new one. */
  #outdone(subject: string, key: string): Set<AppKey> {
    const before = this.#newest.get(subject) ?? key;
    const apps = this.#asked.get(before)?.apps ?? new Set();
    this.#asked.delete(before);
    this.#suspects.delete(before);
    this.#newest.set(subject, key);
    return apps;
  }

  #work(): void {
    if (this.#working || !this.#signal || this.#signal.aborted || this.#asked.size === 0) return;
    this.#working = this.#evaluateSome(this.#signal).finally(() => {
      this.#working = null;
      this.#work();
    });
  }

  async #evaluateSome(signal: AbortSignal): Promise<void> {
    // One turn later, so that what is asked at one moment is asked together.
    await Promise.resolve();
    const batch = this.#next();
    try {
      const answers = await this.#options.evaluate(
        batch.map(([, { question }]) => question),
        signal,
      );
      this.#together = Math.min(MAX_BATCH, this.#together * 2);
      this.#lost = 0;
      for (const [index, [key, waiting]] of batch.entries()) {
        this.#answer(key, waiting, { answer: answerOf(answers[index] ?? { error: "no answer" }) });
      }
    } catch (error) {
      if (!signal.aborted) await this.#failed(batch, failureText(error), signal);
    }
  }

  /** Those that failed alone wait until nobody else asks, and are asked alone. */
  #next(): [string, Waiting<Question>][] {
    const others = [...this.#asked].filter(([key]) => !this.#suspects.has(key));
    return others.length > 0 ? others.slice(0, this.#together) : [...this.#asked].slice(0, 1);
  }

  /** Of questions that fail together one may be to blame: they are asked in ever smaller parts until it is found. */
  async #failed(batch: readonly [string, Waiting<Question>][], reason: string, signal: AbortSignal): Promise<void> {
    this.#options.log.warn({ error: reason, questions: batch.length }, "expressions were not evaluated");
    const [[key, waiting] = []] = batch;
    if (batch.length > 1 || key === undefined || waiting === undefined) {
      this.#together = Math.ceil(batch.length / 2);
    } else if (this.#suspects.has(key)) {
      const message = `it cannot be evaluated: ${reason}`;
      this.#answer(key, waiting, { answer: { kind: "error", message }, ttl: UNEVALUATED_MS });
      this.#lost += 1;
      if (this.#lost > 1) await sleep(AGAIN_MS, signal).catch(() => {});
    } else {
      this.#suspects.add(key);
    }
  }

  #answer(key: string, { apps, subject }: Waiting<Question>, { answer, ttl = 0 }: { answer: Answer<T>; ttl?: number }) {
    this.#asked.delete(key);
    this.#suspects.delete(key);
    if (this.#newest.get(subject) === key) this.#newest.delete(subject);
    this.#answers.set(key, answer, { ttl });
    this.#latest.set(subject, answer);
    for (const app of apps) this.#options.onAnswer(app);
  }
}

function answerOf<T extends {}>(evaluated: Evaluated<T>): Answer<T> {
  return "error" in evaluated ? { kind: "error", message: evaluated.error } : { kind: "value", value: evaluated.value };
}
