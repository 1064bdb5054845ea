import { describe, expect, test } from "vitest";
import type { CopyTools } from "#core/source/generator/copied-tree.ts";
import type { GeneratorRef } from "#core/source/generator/generator-ref.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { Source, SourceKey } from "#core/source/source.ts";
import { generatedNews, type GeneratingParts } from "./generated-source.ts";
import type { SourceState } from "./source-state.ts";
import { plainSource } from "./testing/dialect.ts";

const { signal } = new AbortController();
const repo = "Repo/apps/repo" as SourceKey;
const maker = "Maker/apps/maker" as SourceKey;
const made = "Made/apps/one" as SourceKey;
const none = () => Promise.reject(new Error("nothing is merged or unpacked"));
const copying: CopyTools = { mergedYaml: none, unpacked: none };

function generator(
  input: SourceKey,
  recorded: Record<string, string> = {},
): Source & { readonly ref: GeneratorRef<SourceKey> } {
  const copies = [{ from: "@in/a/**", to: "@artifact/", exclude: [], strategy: "overwrite" as const }];
  const outputs = [{ name: "one", revisionOf: null, originOf: "in", copies }];
  const ref = { kind: "generator", value: "", inputs: [{ alias: "in", source: input }], outputs, recorded } as const;
  return { ...plainSource("maker", { key: maker, remote: { kind: "derived" } }), ref };
}

function state(source: Source, files: Record<string, string> | null, changes: Partial<SourceState> = {}): SourceState {
  const tree = files && memoryTree(files);
  const revision = tree && { text: "main@1", commit: "1", refName: null };
  const rest = { included: [], verified: [], outputs: [], error: null, asked: true, handledToken: null };
  return { source, tree, revision, ...rest, ...changes };
}

function partsOf(...states: readonly SourceState[]): GeneratingParts {
  const fetcher = {
    open: () => {
      throw new Error("nothing is fetched");
    },
  };
  return { copying, fetcher, states: new Map(states.map((one) => [one.source.key, one])) };
}

describe("generatedNews()", () => {
  const source = plainSource("repo", { key: repo });

  test("what is as before is the very tree of before, and its revision does not tell of the input's", async () => {
    const first = await generatedNews(partsOf(state(source, { "a/x": "1", "b/x": "1" })), generator(repo), signal);
    const [one] = first?.outputs ?? [];
    expect(one?.revision).toEqual({
      text: `latest@${one?.revision.commit}`,
      commit: one?.revision.commit,
      refName: null,
      origin: "main@1",
    });
    const known = state(generator(repo), null, { ...first, asked: true });
    const next = await generatedNews(
      partsOf(known, state(source, { "a/x": "1", "b/x": "2" })),
      generator(repo),
      signal,
    );
    expect(next?.outputs?.[0]?.tree).toBe(one?.tree);
    expect(next?.outputs?.[0]?.revision.text).toBe(one?.revision.text);
    const other = await generatedNews(partsOf(known, state(source, { "a/x": "2" })), generator(repo), signal);
    expect(other?.outputs?.[0]?.revision.text).not.toBe(one?.revision.text);
  });

  test("waits for an input that was not asked for yet, and says which is missing or has nothing", async () => {
    expect(await generatedNews(partsOf(state(source, null, { asked: false })), generator(repo), signal)).toBeNull();
    expect((await generatedNews(partsOf(), generator(repo), signal))?.error).toMatchObject({
      failure: "input",
      message: `${repo} not found`,
    });
    expect((await generatedNews(partsOf(state(source, null)), generator(repo), signal))?.error?.message).toBe(
      `source '${repo}' is not ready`,
    );
  });

  test("does not feed on what it makes", async () => {
    const output = plainSource("one", { key: made, origin: { source: maker, name: "maker" } });
    const parts = partsOf(state(output, { "a/x": "1" }), state(generator(made), null));
    expect((await generatedNews(parts, generator(made), signal))?.error).toMatchObject({ failure: "config" });
  });

  test("a suspended one goes on with what it told of last, and with nothing else", async () => {
    const parts = partsOf(state(source, { "a/x": "1" }));
    const [one] = (await generatedNews(parts, generator(repo), signal))?.outputs ?? [];
    const names = async (recorded: Record<string, string>) => {
      const news = await generatedNews(parts, { ...generator(repo, recorded), suspended: true }, signal);
      return news?.outputs?.map(({ name }) => name);
    };
    expect(await names({ one: one?.revision.commit ?? "" })).toEqual(["one"]);
    expect(await names({ one: "sha256:0" })).toEqual([]);
  });
});
