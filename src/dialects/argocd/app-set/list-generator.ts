import { type Asking, ask, type Params, SetError } from "#core/app/app-set.ts";
import type { Making } from "./making.ts";
import type { GeneratorFields } from "./set-schema.ts";

type ListFields = NonNullable<GeneratorFields["list"]>;

/** Parameters as the set itself lists them. */
export function* listParams(
  { elements = [], elementsYaml = "" }: ListFields,
  making: Making,
): Asking<readonly Params[]> {
  const own = elements.map((element) => {
    const params = paramsOf(element, "error unmarshling list element");
    return making.style.goTemplate ? params : plainParams(params);
  });
  if (elementsYaml === "") return own;
  const [answer = { error: "no answer" }] = yield* ask("decode", { texts: [elementsYaml] });
  if ("error" in answer) throw new SetError("parameters", `error unmarshling decoded ElementsYaml ${answer.error}`);
  const listed = answer.value ?? [];
  if (!Array.isArray(listed)) throw new SetError("parameters", "error unmarshling decoded ElementsYaml: it is no list");
  return [...own, ...listed.map((element) => paramsOf(element, "error unmarshling decoded ElementsYaml"))];
}

function paramsOf(element: unknown, what: string): Params {
  if (typeof element === "object" && element !== null && !Array.isArray(element)) return element as Params;
  throw new SetError("parameters", `${what}: ${JSON.stringify(element).slice(0, 80)} is no object`);
}

/** Without Go's templates every value is a text. */
function plainParams(element: Params): Params {
  const flat: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(element)) {
    if (name !== "values") flat[name] = textOf(name, value);
    else {
      if (typeof value !== "object" || value === null) throw new SetError("parameters", "error parsing values map");
      for (const [key, member] of Object.entries(value)) flat[`values.${key}`] = textOf(`values.${key}`, member);
    }
  }
  return flat;
}

function textOf(name: string, value: unknown): string {
  if (typeof value === "string") return value;
  throw new SetError(
    "parameters",
    `error parsing value as string: ${name} of a list element is no text (goTemplate takes any value)`,
  );
}
