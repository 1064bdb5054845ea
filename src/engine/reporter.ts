import type { AppReport, EventNote, ObjectWrite, SourceReport } from "#core/app/app-report.ts";
import type { AppKey } from "#core/app/app.ts";
import type { Dialect } from "#core/app/dialect.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Problem } from "#core/result.ts";
import type { SourceKey } from "#core/source/source.ts";
import type { AppRegistry } from "./app-registry.ts";
import type { ClusterClient, EventSink, Log, Telemetry } from "./ports.ts";
import { eachInParallel, failureText } from "./requests.ts";
import { type StatusStyle, writeStatus } from "./status-writer.ts";
import { WorkQueue } from "./work-queue.ts";

/** How a reporter is set up. */
export interface ReporterOptions {
  readonly client: ClusterClient;
  readonly registry: AppRegistry;
  readonly events: EventSink;
  readonly telemetry: Telemetry;
  readonly log: Log;
  /** Takes the object as stored by a status write. */
  readonly onStored: (dialect: Dialect, object: Resource) => void;
}

/** What happens while an app is at work is told after this long, so that what is over quickly costs one write. */
const PROGRESS_DELAY_MS = 5_000;
/** The more apps wait to be told of, the longer: results come first. */
const PROGRESS_DELAY_PER_APP_MS = 50;
const RETRY_MS = 3_000;
const APPS_AT_ONCE = 16;
/** Results of apps come first; what of sources waits for them takes no place from others. */
const SOURCES_AT_ONCE = 8;
/** The API server refuses longer messages. */
const LONGEST_EVENT = 1_024;

interface Told {
  readonly dialect: Dialect;
  readonly object: Resource;
  readonly write: ObjectWrite;
  readonly style: StatusStyle;
  /** Whom events name as their source. */
  readonly component: string;
}

/** Writes statuses and events: the latest report of each object, one writer per object, nothing when nothing changed. */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #apps = new Map<AppKey, AppReport>();
  readonly #sources = new Map<SourceKey, SourceReport>();
  /** Writes under way, by the app. */
  readonly #writing = new Map<AppKey, Promise<void>>();
  readonly #appQueue: WorkQueue<AppKey>;
  readonly #sourceQueue: WorkQueue<SourceKey>;

  constructor(options: ReporterOptions) {
    this.#options = options;
    const queue = <K extends string>(concurrency: number): WorkQueue<K> => {
      const made = new WorkQueue<K>({
        concurrency,
        onError: (key, error) => {
          options.log.warn({ object: key, error: failureText(error) }, "cannot write status");
          made.addAfter(key as K, RETRY_MS, "periodic");
        },
      });
      return made;
    };
    this.#appQueue = queue(APPS_AT_ONCE);
    this.#sourceQueue = queue(SOURCES_AT_ONCE);
  }

  /** Writes until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    const apps = this.#appQueue.run((key) => this.#writeApp(key, signal), signal);
    await Promise.all([apps, this.#sourceQueue.run((key) => this.#writeSource(key, signal), signal)]);
  }

  /** Writes what is still to be told, for an orderly end. @throws the first failure, after everything was tried */
  async flush(signal: AbortSignal): Promise<void> {
    const apps = [...this.#apps.keys()].map((key) => () => this.#writeApp(key, signal));
    const sources = [...this.#sources.keys()].map((key) => () => this.#writeSource(key, signal));
    const failures: unknown[] = [];
    await eachInParallel([...apps, ...sources], APPS_AT_ONCE, async (write) => {
      try {
        await write();
      } catch (error) {
        signal.throwIfAborted();
        failures.push(error);
      }
    });
    if (failures.length > 0) throw failures[0];
  }

  /** Takes an app's newest report. */
  app(key: AppKey, report: AppReport): void {
    this.#apps.set(key, report);
    const delayMs = PROGRESS_DELAY_MS + PROGRESS_DELAY_PER_APP_MS * (this.#apps.size - 1);
    if (isPassing(report)) this.#appQueue.addAfter(key, delayMs, "periodic");
    else this.#appQueue.add(key, "webhook");
  }

  /** Writes an app's report now. @throws ApiError when it is not stored */
  async appNow(key: AppKey, report: AppReport, signal: AbortSignal): Promise<void> {
    this.#apps.set(key, report);
    await this.#writeApp(key, signal);
  }

  /** Takes a source's newest report. */
  source(key: SourceKey, report: SourceReport): void {
    this.#sources.set(key, report);
    this.#sourceQueue.add(key, "webhook");
  }

  /** One at a time: an older report must not be stored after a newer one. */
  async #writeApp(key: AppKey, signal: AbortSignal): Promise<void> {
    const before = this.#writing.get(key);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#writing.set(key, promise);
    try {
      await before;
      await this.#writeAppAlone(key, signal);
    } finally {
      resolve();
      if (this.#writing.get(key) === promise) this.#writing.delete(key);
    }
  }

  async #writeAppAlone(key: AppKey, signal: AbortSignal): Promise<void> {
    const report = this.#apps.get(key);
    const record = this.#options.registry.app(key);
    if (!report || !record) {
      this.#apps.delete(key);
      return;
    }
    const app = record.parsed.ok ? record.parsed.value : null;
    const write = record.dialect.reportApp({ object: record.object, app, report });
    const { rules } = record.dialect;
    const style = { manager: rules.statusManager, subresource: rules.statusSubresource };
    const { dialect, object } = record;
    await this.#send({ dialect, object, write, style, component: rules.eventSource }, signal);
    if (this.#apps.get(key) === report) this.#apps.delete(key);
  }

  async #writeSource(key: SourceKey, signal: AbortSignal): Promise<void> {
    const report = this.#sources.get(key);
    const record = this.#options.registry.source(key);
    if (!report || !record) {
      this.#sources.delete(key);
      return;
    }
    const source = record.parsed.ok ? record.parsed.value : null;
    const write = record.dialect.reportSource({ object: record.object, source, report });
    const { dialect, object } = record;
    const { generators, rules } = dialect;
    const manager = generators?.generator === object.kind ? generators.manager : rules.sourceManager;
    const style = { manager, subresource: true, late: true } as const;
    await this.#send({ dialect, object, write, style, component: manager }, signal);
    if (this.#sources.get(key) === report) this.#sources.delete(key);
  }

  async #send(item: Told, signal: AbortSignal): Promise<void> {
    const { dialect, object, write, style, component } = item;
    const started = performance.now();
    const stored = await writeStatus(this.#options.client, { object, write, style }, signal);
    if (stored) this.#options.onStored(dialect, stored);
    if (write.events.length > 0) {
      this.#options.events.push(object, component, [mergedEvent(write.events)]);
    }
    this.#options.telemetry.step("report", (performance.now() - started) / 1000);
  }
}

/** What is about to change by itself is told after a moment, so that the end of it often is the only word. */
function isPassing({ phase, objects }: AppReport): boolean {
  const settles = objects.some(({ counted, health }) => counted && health?.status === "Progressing");
  return phase.kind === "syncing" || (phase.kind === "synced" && settles);
}

/**
 * What one report tells as one event: an event is a request, and an app must not cost the API server five of them. A
 * warning gives it its reason, otherwise the last note, which says how it ended; the others follow in the message.
 */
function mergedEvent(notes: readonly EventNote[]): EventNote {
  const main = notes.find((note) => note.type === "Warning") ?? notes.at(-1)!;
  const others = notes.filter((note) => note !== main).map((note) => note.message);
  return { ...main, message: [main.message, ...others].join("\n").slice(0, LONGEST_EVENT) };
}

const LONGEST_PROBLEM = 1_000;

/** A problem may quote what somebody wrote, however long that is. */
function shortened(problem: Problem): Problem {
  if (problem.message.length <= LONGEST_PROBLEM) return problem;
  return { ...problem, message: `${problem.message.slice(0, LONGEST_PROBLEM)}…` };
}

/** The report of an app whose object cannot be parsed. */
export function invalidReport(problems: readonly Problem[], now: number): AppReport {
  return {
    phase: { kind: "invalid", problems: problems.map(shortened) },
    revision: null,
    applied: null,
    attempted: null,
    objects: [],
    inventory: [],
    sync: null,
    notices: [],
    gate: { state: "none", tookMs: 0, message: "" },
    renderDigest: "",
    renderer: null,
    release: null,
    handledToken: null,
    now,
  };
}
