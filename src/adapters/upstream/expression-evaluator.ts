import type { ExpressionEvaluator } from "#engine/expression-evaluator.ts";
import { runLua } from "./lua-runner.ts";
import type { HelperPools } from "./helper-pools.ts";
import { UpstreamError } from "./upstream-error.ts";

/** What an expression may name even of an object that lacks it: the error then says so, instead of calling it unknown. */
const OBJECT_FIELDS = ["apiVersion", "kind", "metadata", "spec", "status", "data"];

/** Evaluates expressions in the Common Expression Language, and runs Lua, by the libraries that people know them by. */
export function expressionEvaluator(helpers: Pick<HelperPools, "full">): ExpressionEvaluator {
  return {
    run: (scripts, signal) => runLua(helpers, scripts, signal),
    async evaluate(expressions, signal) {
      const request = {
        op: "cel.eval",
        input: {
          requests: expressions.map(({ text, vars }) => ({ expression: text, vars, names: OBJECT_FIELDS })),
        },
        answer: () =>
          Promise.reject(new UpstreamError({ code: "died", message: "the helper asks for a file to evaluate" })),
      };
      const { answers } = (await helpers.full.request(request, signal)) as {
        answers: { value: boolean; error?: string }[];
      };
      return answers.map(({ value, error }) => (error === undefined ? { value } : { error }));
    },
  };
}
