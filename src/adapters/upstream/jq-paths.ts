import type { FieldFinder, FoundFields } from "#engine/field-finder.ts";
import type { HelperPools } from "./helper-pools.ts";
import { UpstreamError } from "./upstream-error.ts";

type Asked = Parameters<FieldFinder["find"]>[0];

/** Finds fields by jq expressions, by the engine that the vendor uses. */
export function jqFinder(helpers: Pick<HelperPools, "full">): FieldFinder {
  return { find: (asked, signal) => findIn(helpers, asked, signal) };
}

/** What ends the helper ends one request alone. */
async function findIn(
  helpers: Pick<HelperPools, "full">,
  asked: Asked,
  signal: AbortSignal,
): Promise<readonly (readonly FoundFields[])[]> {
  try {
    return await request(helpers, asked, signal);
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    const [first, ...rest] = asked;
    if (!first) return [];
    if (rest.length > 0) {
      return [...(await findIn(helpers, [first], signal)), ...(await findIn(helpers, rest, signal))];
    }
    const [query, ...others] = first.queries;
    if (others.length === 0) return [[{ unusable: error.message }]];
    const alone = await findIn(helpers, [{ ...first, queries: [query ?? ""] }], signal);
    const further = await findIn(helpers, [{ ...first, queries: others }], signal);
    return [[...(alone[0] ?? []), ...(further[0] ?? [])]];
  }
}

async function request(
  helpers: Pick<HelperPools, "full">,
  asked: Asked,
  signal: AbortSignal,
): Promise<readonly (readonly FoundFields[])[]> {
  const { answers } = (await helpers.full.request(
    {
      op: "jq.paths",
      input: { requests: asked },
      answer: () => Promise.reject(new UpstreamError({ code: "died", message: "the helper asks for a file" })),
    },
    signal,
  )) as { answers: { pointers: string[] | null; failed?: string; unusable?: string }[][] };
  return answers.map((found) =>
    found.map(({ pointers, failed, unusable }) =>
      unusable === undefined ? { pointers: failed === undefined ? (pointers ?? []) : [] } : { unusable },
    ),
  );
}
