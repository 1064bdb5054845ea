import { type AppSet, type SetBudget, setKey } from "#core/app/app-set.ts";
import { annotationsOf, type Resource } from "#core/resource/resource.ts";
import { type Problem, ok, refused, type Result } from "#core/result.ts";
import { textAt } from "../fields.ts";
import { FINALIZER } from "../parse-policy.ts";
import { namespaceMatches } from "../namespace-patterns.ts";
import { schemaProblems } from "../schema-problems.ts";
import type { SetSettings } from "../settings-sets.ts";
import { goesBackwards } from "./deletion-order.ts";
import { kindsOf, unservedKinds } from "./generators.ts";
import { type SetSpecFields, setSpecSchema } from "./set-schema.ts";
import { ownPolicy } from "./set-adoption.ts";
import { ignoreProblems } from "./ignore-problems.ts";
import { specOf } from "./set-spec.ts";

/** Names the short kind of sets in keys and on the command line. */
export const SET_SHORT = "appset";

/** The annotation that asks for a fresh look. */
export const REFRESH_ANNOTATION = "argocd.argoproj.io/application-set-refresh";

const BUDGET_ANNOTATION = "holdfast.dev/max-deletions";
const APPROVE_ANNOTATION = "holdfast.dev/approve";

/** Reads an ApplicationSet; every reason why it cannot be used is a problem. */
export function parseSet(
  object: Resource,
  settings: SetSettings,
  controlNamespace: string,
): Result<AppSet, readonly Problem[]> {
  const spec = specOf(object);
  const annotations = annotationsOf(object);
  const limit = limitOf(annotations[BUDGET_ANNOTATION]);
  const illTyped = schemaProblems(setSpecSchema, spec, "spec");
  const problems = [
    ...placeProblems(object, settings, controlNamespace),
    ...illTyped,
    ...(illTyped.length > 0 ? [] : generatorProblems(object.metadata.name, spec)),
    ...(illTyped.length > 0 ? [] : refusals(spec)),
    ...(limit === undefined
      ? [
          {
            path: `metadata.annotations.${BUDGET_ANNOTATION}`,
            message: `${BUDGET_ANNOTATION} must be a number or a percentage`,
          },
        ]
      : []),
  ];
  const deleting = object.metadata.deletionTimestamp !== undefined;
  // Whatever is wrong with it, it may go.
  if (problems.length > 0 && !deleting) return refused(problems);
  const policy = settings.policy ?? ownPolicy(object);
  return ok({
    key: setKey(SET_SHORT, textAt(object.metadata, "namespace"), object.metadata.name),
    object,
    deleting,
    finalizer: object.metadata.finalizers?.find((name) => name.startsWith(FINALIZER)) ?? null,
    missingFinalizer: problems.length === 0 ? missingFinalizerOf(object, spec) : null,
    update: policy === "sync" || policy === "create-update",
    delete: policy === "sync" || policy === "create-delete",
    budget: { limit: limit ?? null, isPassing: illTyped.length === 0 && isPassing(spec) },
    refreshToken: refreshTokenOf(object),
    approval: annotations[APPROVE_ANNOTATION] ?? null,
  });
}

/** A set reads with what the installation may read, and makes apps as the controller: where, its settings say. */
function placeProblems({ metadata }: Resource, { namespaces }: SetSettings, controlNamespace: string): Problem[] {
  const { name, namespace = "" } = metadata;
  if (namespace === controlNamespace || namespaceMatches(namespaces, namespace)) return [];
  const rule = "applicationsetcontroller.namespaces of argocd-cmd-params-cm does not name it";
  const message = `ApplicationSet ${name} is in namespace '${namespace}', where none may be: ${rule}`;
  return [{ path: "metadata.namespace", message }];
}

/** Without one the set would be gone before its Applications could go in their order. */
function missingFinalizerOf({ metadata }: Resource, spec: SetSpecFields): string | null {
  const has = metadata.finalizers?.some((name) => name.startsWith(FINALIZER)) ?? false;
  return goesBackwards(spec) && !has ? FINALIZER : null;
}

function refreshTokenOf(object: Resource): string | null {
  const asked = annotationsOf(object)[REFRESH_ANNOTATION];
  return asked === undefined ? null : `${asked}@${object.metadata.resourceVersion ?? ""}`;
}

/** Pull requests come and go: the last one may leave. */
function isPassing({ generators }: SetSpecFields): boolean {
  return generators.every((generator) => JSON.stringify(generator).includes('"pullRequest":'));
}

function limitOf(text: string | undefined): SetBudget["limit"] | undefined {
  if (text === undefined) return null;
  const match = /^(\d{1,6})(%?)$/.exec(text.trim());
  if (!match) return undefined;
  return match[2] === "%" ? { percent: Math.min(100, Number(match[1])) } : { count: Number(match[1]) };
}

function generatorProblems(name: string, { generators }: SetSpecFields): Problem[] {
  return generators.flatMap((generator, index) => {
    const path = `spec.generators[${index}]`;
    if (kindsOf(generator).length === 0) {
      return [
        { path, message: `ApplicationSet ${name} contains unrecognized generators: ${path} names none that is known` },
      ];
    }
    return unservedKinds(generator).map((kind) => {
      return { path: `${path}.${kind}`, message: `${path}.${kind} is not supported yet` };
    });
  });
}

/** Fields whose neglect would make other applications, or more changes, than asked for. */
function refusals(spec: SetSpecFields): Problem[] {
  const { strategy } = spec;
  const problems: Problem[] = [];
  const refuse = (path: string) => problems.push({ path, message: `${path} is not supported yet` });
  const types = ["", "AllAtOnce", "RollingSync"];
  if (!types.includes(strategy?.type ?? "")) refuse("spec.strategy.type");
  const orders = ["", "allatonce", "reverse"];
  if (!orders.includes(strategy?.deletionOrder?.toLowerCase() ?? "")) refuse("spec.strategy.deletionOrder");
  for (const [index, { maxUpdate, matchExpressions = [] }] of (strategy?.rollingSync?.steps ?? []).entries()) {
    const path = `spec.strategy.rollingSync.steps[${index}]`;
    if (maxUpdate !== undefined && !/^\d{1,6}%?$/.test(String(maxUpdate))) {
      problems.push({ path: `${path}.maxUpdate`, message: `${path}.maxUpdate must be a number or a percentage` });
    }
    const unknown = matchExpressions.find(({ operator }) => operator !== "In" && operator !== "NotIn");
    if (unknown) {
      const message = `${path}.matchExpressions: ${JSON.stringify(unknown.operator ?? "")} is neither In nor NotIn`;
      problems.push({ path: `${path}.matchExpressions`, message });
    }
  }
  return [...problems, ...ignoreProblems(spec)];
}
