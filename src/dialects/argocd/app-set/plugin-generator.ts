import { type Asking, ask, type Params, SetError } from "#core/app/app-set.ts";
import type { EntryRef } from "#core/app/provider.ts";
import { withValues } from "./fill.ts";
import type { Making } from "./making.ts";
import { flattened } from "./params.ts";
import { mustBeOfControlNamespace, rhythmOf } from "./provider-address.ts";
import type { GeneratorFields } from "./set-schema.ts";

type PluginFields = NonNullable<GeneratorFields["plugin"]>;

const PATH = "/api/v1/getparams.execute";
const USUAL_TIMEOUT_S = 30;
const LONGEST_TIMEOUT_S = 120;

/** Parameters that a service of one's own answers. */
export function* pluginParams(fields: PluginFields, making: Making): Asking<readonly Params[]> {
  mustBeOfControlNamespace("plugin", making);
  const { name, namespace } = making;
  const everyMs = rhythmOf(fields);
  const config = yield* ask("config", { name: fields.configMapRef.name, namespace, everyMs });
  const { baseUrl = "", token = "", requestTimeout = "" } = config;
  if (baseUrl === "" || token === "") throw failure("baseUrl and token are required in its ConfigMap");
  const seconds = Number(requestTimeout) || USUAL_TIMEOUT_S;
  const parameters = fields.input?.parameters ?? {};
  const answer = yield* ask("post", {
    url: `${baseUrl.replace(/\/+$/, "")}${PATH}`,
    token: tokenRef(token, namespace),
    body: { applicationSetName: name, input: { parameters } },
    timeoutMs: Math.min(seconds, LONGEST_TIMEOUT_S) * 1_000,
    everyMs,
  });
  const rows = (answer as { readonly output?: { readonly parameters?: unknown } } | null)?.output?.parameters ?? [];
  if (!Array.isArray(rows)) throw failure("its answer has no list output.parameters");
  const input = { generator: { input: { parameters } } };
  const sets = rows.map((row: unknown) => {
    if (typeof row !== "object" || row === null || Array.isArray(row))
      throw failure("its answer lists what is no object");
    const params = row as Params;
    return making.style.goTemplate ? { ...params, ...input } : { ...flattened(params), ...flattened(input) };
  });
  return yield* withValues(making.style, fields.values, sets);
}

/** `$NAME:KEY` of a Secret, or `$KEY` of the installation's own. */
function tokenRef(token: string, namespace: string): EntryRef {
  const match = /^\$(?:([^:]+):)?([^:]+)$/.exec(token.trim());
  if (!match) throw failure("the token in its ConfigMap names no entry of a Secret ($NAME:KEY)");
  return { namespace, name: match[1] ?? "argocd-secret", key: match[2] ?? "" };
}

function failure(state: string): SetError {
  return new SetError("parameters", `error listing params of the plugin: ${state}`);
}
