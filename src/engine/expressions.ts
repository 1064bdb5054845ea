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
    this.#newest.set(subject, key);
    return apps;
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
    const questions = batch.map(([, { question }]) => question);
    try {
      const answers = await this.#options.evaluate(questions, signal);
      for (const [index, [key, { apps, subject }]] of batch.entries()) {
        const answer = answerOf(answers[index] ?? { error: "no answer" });
        this.#asked.delete(key);
        if (this.#newest.get(subject) === key) this.#newest.delete(subject);
        this.#answers.set(key, answer);
        this.#latest.set(subject, answer);
        for (const app of apps) this.#options.onAnswer(app);
      }
    } catch (error) {
      if (signal.aborted) return;
      this.#options.log.warn({ error: failureText(error) }, "expressions were not evaluated");
      await sleep(AGAIN_MS, signal).catch(() => {});
    }
  }
}

function answerOf<T extends {}>(evaluated: Evaluated<T>): Answer<T> {
  return "error" in evaluated ? { kind: "error", message: evaluated.error } : { kind: "value", value: evaluated.value };
}
