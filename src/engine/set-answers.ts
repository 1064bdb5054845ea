import type { Asking, SetQuestion, SetQuestions, ValueOrError } from "#core/app/app-set.ts";
import { SetError } from "#core/app/app-set.ts";
import type { Lookup } from "#core/app/dialect.ts";
import type { SourceKey } from "#core/source/source.ts";
import { ProviderError } from "#core/app/provider-error.ts";
import type { Clock } from "./ports.ts";
import { isRemote, remoteAnswer, type RemoteAnswersParts, type RemoteQuestion } from "./remote-answers.ts";
import { failureText } from "./requests.ts";
import type { SetTemplates } from "./set-templates.ts";
import type { SourceController } from "./source-controller.ts";

/** What a service did not answer is asked again after this long. */
const RETRY_MS = 3 * 60_000;

/** Thrown where what a set is made from is not known yet: whoever waits is told when it is. */
export class PendingError extends Error {
  override readonly name = "PendingError";
}

/** Where answers come from. */
export interface SetAnswersParts extends RemoteAnswersParts {
  readonly sources: Pick<SourceController, "state" | "put">;
  readonly templates: SetTemplates;
  readonly clock: Pick<Clock, "now">;
  readonly lookup: Lookup;
}

/** Finds the answers for one set at one time, and remembers what they were, to tell later whether they still hold. */
export class SetAnswers {
  readonly #parts: SetAnswersParts;
  readonly #looked = new Map<string, () => boolean>();
  readonly #revisions = new Map<SourceKey, string>();
  /** Repositories whose pull requests were asked for, by their names, or by numbers. */
  readonly #pulledFrom = new Set<string>();
  #decoded: { readonly texts: readonly string[]; readonly answer: readonly ValueOrError[] } | null = null;
  #until = Number.POSITIVE_INFINITY;
  #retryAfterMs: number | null = null;

  constructor(parts: SetAnswersParts) {
    this.#parts = parts;
  }

  /** The sources that were asked for. */
  get sources(): ReadonlySet<SourceKey> {
    return new Set(this.#revisions.keys());
  }

  /** Objects of the dialect's kinds. */
  get lookup(): Lookup {
    const { lookup } = this.#parts;
    const one = (kind: string, namespace: string, name: string) => {
      const found = lookup(kind, namespace, name);
      this.#looked.set(`${kind}/${namespace}/${name}`, () => lookup(kind, namespace, name) === found);
      return found;
    };
    const all = (kind: string) => {
      const found = lookup.all?.(kind) ?? [];
      this.#looked.set(kind, () => lookup.all?.(kind) === found);
      return found;
    };
    return Object.assign(one, { all });
  }

  /** How long the answers of services count, in milliseconds from now; null: none was asked. */
  get nextLookMs(): number | null {
    if (this.#retryAfterMs !== null) return this.#retryAfterMs;
    return Number.isFinite(this.#until) ? Math.max(0, this.#until - this.#parts.clock.now()) : null;
  }

  /** Whether they tell of pull requests of a repository that may have one of these names. */
  tellPullsOf(names: ReadonlySet<string>): boolean {
    if (names.size === 0) return false;
    return [...this.#pulledFrom].some((name) => names.has(name) || /^\d+$/.test(name));
  }

  /** Whether every question would be answered as it was. */
  hold(): boolean {
    if (this.#parts.clock.now() >= this.#until) return false;
    for (const isSame of this.#looked.values()) if (!isSame()) return false;
    return [...this.#revisions].every(([key, revision]) => this.#revisionOf(key) === revision);
  }

  /** Runs work to its end. @throws SetError, or PendingError while an answer is not known */
  async run<T>(work: Asking<T>, signal: AbortSignal): Promise<T> {
    let step = work.next();
    while (!step.done) {
      signal.throwIfAborted();
      step = work.next(await this.#answer(step.value, signal));
    }
    this.#decoded = null;
    return step.value;
  }

  async #answer(question: SetQuestion, signal: AbortSignal): Promise<unknown> {
    const { templates } = this.#parts;
    if (question.ask === "tree") return this.#tree(question);
    if (isRemote(question)) return this.#remote(question, signal);
    try {
      if (question.ask === "template") return await templates.fill(question, signal);
      if (question.ask === "decode") return await this.#decode(question.texts, signal);
      return await question.tree.read(question.paths, signal);
    } catch (error) {
      signal.throwIfAborted();
      throw new SetError(question.ask === "template" ? "template" : "parameters", failureText(error), { cause: error });
    }
  }

  /** A generator inside another often has the same text for all that is made before it. */
  async #decode(texts: readonly string[], signal: AbortSignal): Promise<readonly ValueOrError[]> {
    const isSame =
      this.#decoded?.texts.length === texts.length && texts.every((text, at) => text === this.#decoded?.texts[at]);
    if (this.#decoded && isSame) return this.#decoded.answer;
    const answer = await this.#parts.templates.decode(texts, signal);
    this.#decoded = { texts, answer };
    return answer;
  }

  #tree({ source }: SetQuestions["tree"]["question"]): SetQuestions["tree"]["answer"] {
    const { sources } = this.#parts;
    sources.put(source);
    const state = sources.state(source.key);
    this.#revisions.set(source.key, this.#revisionOf(source.key));
    if (!state?.asked) throw new PendingError(`${source.key} was not read yet`);
    if (state.error) throw new SetError("parameters", `error generating params from git: ${state.error.message}`);
    if (!state.tree) throw new PendingError(`${source.key} was not read yet`);
    return state.tree;
  }

  async #remote(question: RemoteQuestion, signal: AbortSignal): Promise<unknown> {
    const { everyMs } = question;
    this.#until = Math.min(this.#until, this.#parts.clock.now() + everyMs);
    if (question.ask === "provider" && question.call.get === "pulls") {
      this.#pulledFrom.add(question.call.repository.toLowerCase().split("/").at(-1) ?? "");
    }
    try {
      return await remoteAnswer(this.#parts, question, signal);
    } catch (error) {
      signal.throwIfAborted();
      const asked = error instanceof ProviderError ? error.retryAfterMs : null;
      this.#retryAfterMs = asked ?? Math.min(everyMs, RETRY_MS);
      throw new SetError("parameters", failureText(error), { cause: error });
    }
  }

  #revisionOf(key: SourceKey): string {
    const state = this.#parts.sources.state(key);
    return `${state?.asked ?? false} ${state?.revision?.commit ?? ""} ${state?.error?.message ?? ""}`;
  }
}
