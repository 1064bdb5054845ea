import type { Dialect } from "#core/app/dialect.ts";
import type { Settings } from "#core/app/settings.ts";
import type { CopyTools } from "#core/source/generator/copied-tree.ts";
import type { WrittenSelector } from "#core/policy/label-selector.ts";
import type { ArtifactStore } from "./artifact-store.ts";
import type { KeptRenders } from "./kept-renders.ts";
import type { LedAlone } from "./led-alone.ts";
import type {
  AuditLog,
  ClusterClient,
  ClusterConnector,
  Clock,
  EventSink,
  Log,
  ReleaseTools,
  Renderer,
  SourceFetcher,
  Telemetry,
} from "./ports.ts";
import type { FieldFinder } from "./field-finder.ts";
import type { ExpressionEvaluator } from "./expression-evaluator.ts";
import type { ProviderReader } from "./provider-reader.ts";
import type { SetTemplates } from "./set-templates.ts";

/** Everything a controller needs from outside. */
export interface ControllerOptions {
  readonly client: ClusterClient;
  readonly fetcher: SourceFetcher;
  /** What making artifacts takes; absent: none are made. */
  readonly copying?: CopyTools;
  /** Keeps what is served to others; absent: nothing is. */
  readonly artifacts?: ArtifactStore;
  readonly renderer: Renderer;
  readonly tools: ReleaseTools;
  readonly connector: ClusterConnector;
  readonly evaluator: ExpressionEvaluator;
  readonly templates: SetTemplates;
  readonly providers: ProviderReader;
  readonly finder: FieldFinder;
  readonly dialects: readonly Dialect[];
  readonly settings: Settings;
  /** Namespaces to serve; null: the whole cluster. */
  readonly namespaces: readonly string[] | null;
  /** Apps without these labels, and the statuses of such sources, are another controller's; null: all are served. */
  readonly shard: WrittenSelector | null;
  /** Number of the present leadership. */
  readonly epoch: () => number;
  readonly alone: LedAlone;
  readonly clock: Clock;
  readonly random: () => number;
  readonly events: EventSink;
  readonly audit: AuditLog;
  readonly kept: KeptRenders;
  readonly telemetry: Telemetry;
  readonly log: Log;
  /** Apps worked on at once. */
  readonly concurrency: number;
}
