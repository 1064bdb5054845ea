import { type Asking, ask, type Params, SetError } from "#core/app/app-set.ts";
import { selectorProblem, termsMatch } from "#core/policy/selector-terms.ts";
import { labelsOf, type Resource } from "#core/resource/resource.ts";
import { IN_CLUSTER } from "../destination.ts";
import { listAt, textAt } from "../fields.ts";
import { declaredClusters } from "./cluster-generator.ts";
import { withValues } from "./fill.ts";
import type { Making } from "./making.ts";
import type { GeneratorFields } from "./set-schema.ts";

type DecisionFields = NonNullable<GeneratorFields["clusterDecisionResource"]>;

const USUAL_RHYTHM_S = 180;

/** Parameters of the clusters that the status of another object names. */
export function* decisionParams(fields: DecisionFields, making: Making): Asking<readonly Params[]> {
  const { namespace } = making;
  const everyMs = Math.max(1, fields.requeueAfterSeconds ?? USUAL_RHYTHM_S) * 1_000;
  const config = yield* ask("config", { name: fields.configMapRef, namespace, everyMs });
  const { apiVersion = "", kind: plural = "", statusListKey = "", matchKey = "" } = config;
  if ([apiVersion, plural, statusListKey, matchKey].includes("")) {
    throw failure("apiVersion, kind, statusListKey and matchKey are required in its ConfigMap");
  }
  const listed = yield* ask("list", { apiVersion, plural, namespace, everyMs });
  const clusters = new Map(declaredClusters(making).map(({ name, server }) => [name, server]));
  if (![...clusters.values()].includes(IN_CLUSTER.server)) clusters.set(IN_CLUSTER.name, IN_CLUSTER.server);
  const sets = chosen(listed, fields).flatMap((object) => {
    return listAt(object["status"], statusListKey).map((decision) => {
      const name = textAt(decision, matchKey);
      const server = clusters.get(name);
      if (server === undefined) throw failure(`there is no cluster ${JSON.stringify(name.slice(0, 80))}`);
      const texts = Object.entries(decision as Params).filter(([, value]) => typeof value === "string");
      return { ...Object.fromEntries(texts), name, server };
    });
  });
  return yield* withValues(making.style, fields.values, sets);
}

function chosen(objects: readonly Resource[], { name = "", labelSelector = {} }: DecisionFields): readonly Resource[] {
  const hasTerms = Object.keys(labelSelector).length > 0;
  if ((name === "") !== hasTerms) throw failure("it takes either a name or a labelSelector");
  const problem = selectorProblem(labelSelector);
  if (problem !== null) throw failure(problem);
  return objects
    .filter((object) => (name === "" ? termsMatch(labelSelector, labelsOf(object)) : object.metadata.name === name))
    .toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
}

function failure(state: string): SetError {
  return new SetError("parameters", `clusterDecisionResource: ${state}`);
}
