import type { AppPhase } from "#core/app/app-report.ts";
import type { App, AppKey, Dependency } from "#core/app/app.ts";
import { healthOf } from "#core/health/health.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Revision } from "#core/source/source.ts";
import { appsWaitedFor } from "./app-registry.ts";
import type { AppWork } from "./app-state.ts";
import type { ObjectRef } from "./ports.ts";

/** Objects that are no apps and that an app waits for. */
export function objectsWaitedFor({ dependsOn }: App): readonly ObjectRef[] {
  return dependsOn.flatMap((dependency) => (dependency.on === "object" ? [refOf(dependency)] : []));
}

/** Why an app must wait for something else; null: it need not. */
export function dependencyProblem(work: AppWork, revision: Revision): AppPhase | "pending" | null {
  for (const dependency of work.state.app.dependsOn) {
    const message = dependency.on === "app" ? appProblem(work, dependency, revision) : objectProblem(work, dependency);
    if (message === "pending") return message;
    if (message) return { kind: "dependency", on: nameOf(dependency), message };
  }
  return null;
}

/** Who deletes several apps at once deletes them one after another. */
const TOGETHER_MS = 2_000;

/** Why an app that is being deleted must stay for now: another one that depends on it goes too and is not gone yet. */
export function dependentProblem({ context, state }: AppWork): AppPhase | null {
  const { registry, clock } = context;
  state.deletingSince ??= clock.now();
  const mayFollow = clock.now() - state.deletingSince < TOGETHER_MS;
  const left = registry.dependents(state.app.key).find((key) => {
    const isGoing = registry.app(key)?.object.metadata.deletionTimestamp !== undefined;
    // Of two that depend on each other, neither waits.
    return (isGoing || mayFollow) && key !== state.app.key && !leadsTo(registry, state.app.key, key);
  });
  if (!left) return null;
  const message = `waits until '${left.slice(left.indexOf("/") + 1)}', which depends on it, is gone`;
  return { kind: "dependency", on: left, message };
}

function leadsTo(registry: AppWork["context"]["registry"], from: AppKey, to: AppKey): boolean {
  const seen = new Set<AppKey>();
  const open = [from];
  for (let key = open.pop(); key !== undefined; key = open.pop()) {
    if (key === to) return true;
    if (seen.has(key)) continue;
    seen.add(key);
    const parsed = registry.app(key)?.parsed;
    if (parsed?.ok) open.push(...appsWaitedFor(parsed.value));
  }
  return false;
}

type OnApp = Extract<Dependency, { on: "app" }>;
type OnObject = Extract<Dependency, { on: "object" }>;

function appProblem({ context, state }: AppWork, dependency: OnApp, revision: Revision): string | null {
  const { key, readyExpression: text } = dependency;
  const record = context.registry.app(key);
  if (text !== null && record)
    return expressionProblem({ context, state }, { text, object: record.object, dependency });
  const { dialect } = record ?? state;
  return dialect.dependencyProblem(state.app, record?.object ?? null, key, revision);
}

function objectProblem(work: AppWork, dependency: OnObject): string | null {
  const { context, state } = work;
  const name = nameOf(dependency);
  const known = context.references.get(refOf(dependency));
  if (known.kind === "pending") return "pending";
  if (known.kind === "failed") return `dependency '${name}' cannot be read: ${known.reason}`;
  const { object } = known;
  if (object === null) return `dependency '${name}' not found`;
  const { readyExpression: text } = dependency;
  if (text !== null) return expressionProblem(work, { text, object, dependency });
  const health = healthOf(object, state.dialect.rules.health, context.clock.now());
  if (health === null || health.status === "Healthy") return null;
  return `dependency '${name}' is not ready: status '${state.dialect.rules.healthWords[health.status]}'`;
}

/** The app's own words for readiness replace the usual check. */
function expressionProblem(
  { context, state }: AppWork,
  { text, object, dependency }: { text: string; object: Resource; dependency: Dependency },
): string | null {
  const self = context.registry.objectOf(state.app.key);
  if (!self) return null;
  const answer = context.expressions.ask(state.app.key, { text, vars: { self, dep: object } }, [self, object]);
  if (answer.kind === "pending") return "pending";
  const name = nameOf(dependency);
  if (answer.kind === "error") return `dependency '${name}': readyExpr cannot be evaluated: ${answer.message}`;
  return answer.value ? null : `dependency '${name}' is not ready according to readyExpr eval`;
}

function nameOf(dependency: Dependency): string {
  if (dependency.on === "app") return dependency.key.slice(dependency.key.indexOf("/") + 1);
  const { kind, namespace, name } = dependency;
  return namespace === "" ? `${kind}/${name}` : `${kind}/${namespace}/${name}`;
}

function refOf({ apiVersion, kind, namespace, name }: OnObject): ObjectRef {
  return { apiVersion, kind, namespace, name };
}
