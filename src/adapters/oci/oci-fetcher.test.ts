import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { OciRef } from "#core/source/oci-ref.ts";
import { ociFetcher } from "./oci-fetcher.ts";
import { latest, pulled, refused, secretOf, signal, synced, text, useOciWorld } from "./testing/oci-world.ts";

const world = useOciWorld({ maxTags: 3 });

async function artifactsOnDisk(): Promise<readonly string[]> {
  const root = join(world().directory, "repositories");
  const names: string[] = [];
  for (const folder of await readdir(root)) names.push(...(await readdir(join(root, folder))));
  return names;
}

async function packPath(): Promise<string> {
  const root = join(world().directory, "repositories");
  const [repository] = await readdir(root);
  const [artifact] = await readdir(join(root, repository!));
  return join(root, repository!, artifact!, "pack");
}

async function pushVersions(tags: readonly string[]): Promise<void> {
  for (const tag of tags) await world().registry.push(world().name, tag, { files: { version: tag } });
}

describe("sync() and tree()", () => {
  test("give the files of what a tag stands for, read by digest alone", async () => {
    const { registry, name, open, asked } = world();
    const digest = await registry.push(name, "latest", { files: { "app/a.yaml": "a: 1\n" } });
    const repository = open();
    expect(await synced(repository)).toEqual({ commit: digest, refName: "latest" });
    const tree = await repository.tree(digest, signal);
    expect(tree.children("")).toEqual(["app"]);
    expect(await text(tree, "app/a.yaml")).toBe("a: 1\n");
    expect(asked()).toEqual(["HEAD manifests/latest", "GET manifests/sha256", "GET blobs/sha256"]);
  });

  test("cost one request while a tag stays, and none for a digest that is here", async () => {
    const { registry, name, open, asked } = world();
    const digest = await registry.push(name, "latest", { files: { a: "a" } });
    const repository = open();
    await synced(repository);
    registry.requests.length = 0;
    await synced(repository);
    expect(asked()).toEqual(["HEAD manifests/latest"]);
    expect(await synced(repository, { kind: "digest", value: digest })).toEqual({ commit: digest, refName: null });
    expect(asked()).toHaveLength(1);
  });

  test("find the digest also when the registry names none", async () => {
    const { registry, name, open, asked } = world();
    const digest = await registry.push(name, "latest", { files: { a: "a" } });
    registry.behaviour.fault = ({ method }) => (method === "HEAD" ? { without: "docker-content-digest" } : undefined);
    expect((await synced(open())).commit).toBe(digest);
    expect(asked().slice(0, 2)).toEqual(["HEAD manifests/latest", "GET manifests/latest"]);
  });

  test("read what was resolved when the tag moves in between", async () => {
    const { registry, name, open } = world();
    const first = await registry.push(name, "latest", { files: { a: "first" } });
    let moved = "";
    registry.behaviour.fault = async ({ path }) => {
      if (path.endsWith(first)) moved = await registry.push(name, "latest", { files: { a: "second" } });
      return undefined;
    };
    const repository = open();
    expect((await synced(repository)).commit).toBe(first);
    expect(await text(await repository.tree(first, signal), "a")).toBe("first");
    expect((await synced(repository)).commit).toBe(moved);
    expect(await text(await repository.tree(moved, signal), "a")).toBe("second");
  });

  test("say that a manifest is gone that was deleted after it was resolved, and find the new one the next time", async () => {
    const { registry, name, open } = world();
    const first = await registry.push(name, "latest", { files: { a: "first" } });
    registry.behaviour.fault = async ({ path }) => {
      if (path.endsWith(first)) await registry.deleteManifest(name, first);
      return undefined;
    };
    const repository = open();
    const { code, message } = await refused(synced(repository));
    expect(code).toBe("ref-not-found");
    expect(message).toContain(`${registry.host}/${name}@${first}`);
    const second = await registry.push(name, "latest", { files: { a: "second" } });
    expect((await synced(repository)).commit).toBe(second);
  });

  test("answer every reference apart, so that a missing one holds up no other", async () => {
    const { registry, name, open } = world();
    const digest = await registry.push(name, "latest", { files: { a: "a" } });
    const refs: OciRef[] = [latest, { kind: "tag", value: "lastest" }, { kind: "tag", value: "no/tag" }, latest];
    const results = await open().sync(refs, { timeoutMs: 20_000 }, signal);
    expect(results.map((result) => ("error" in result ? result.error.failure : result.commit))).toEqual([
      digest,
      "ref",
      "config",
      digest,
    ]);
  });

  test("name the closest tags when there is none of the name", async () => {
    const { registry, name, open } = world();
    await pushVersions(["1.0.0", "1.1.0", "main", "production", "staging"]);
    const { failure, message } = await refused(synced(open(), { kind: "tag", value: "stagign" }));
    expect(failure).toBe("ref");
    expect(message).toContain(
      `Cannot find the tag "stagign" in ${registry.host}/${name}: the closest tags are "staging"`,
    );
  });

  test("say that there is no such repository", async () => {
    const { registry, name, open } = world();
    const { failure, message } = await refused(synced(open()));
    expect(failure).toBe("fetch");
    expect(message).toContain(`${registry.host}/${name}:latest`);
    expect(message).toContain("no such repository");
  });

  test("share one object among those who open the same with the same credential", () => {
    const fetcher = ociFetcher({ directory: world().directory });
    const open = (password: string, operation: "extract" | "copy" = "extract") =>
      fetcher.open(
        { url: "oci://127.0.0.1:1/app", remote: { kind: "oci", insecure: true, layer: { mediaType: "", operation } } },
        { credential: secretOf({ username: "ada", password }) },
      );
    const repository = open("one");
    expect(open("one")).toBe(repository);
    expect(open("two")).not.toBe(repository);
    expect(open("one", "copy")).not.toBe(repository);
  });
});

describe("a range of versions", () => {
  const tags = ["1.0.0", "v1.2.0", "1.10.0", "2.0.0-rc.1", "2.0.0", "latest", "1.10", "3.0.0-dev"];
  const cases: { name: string; ref: Omit<OciRef, "kind">; want: string }[] = [
    { name: "takes the highest, of all pages", ref: { value: "*" }, want: "2.0.0" },
    { name: "compares numbers, not letters, and skips what is no full version", ref: { value: "1.x" }, want: "1.10.0" },
    { name: "takes pre-releases only when one is named", ref: { value: ">=3.0.0-0" }, want: "3.0.0-dev" },
    { name: "takes only what the filter matches", ref: { value: "*", filter: "^v" }, want: "v1.2.0" },
    { name: "lets the filter match anywhere", ref: { value: ">=2.0.0-0 <3.0.0-0", filter: "rc" }, want: "2.0.0-rc.1" },
    { name: "lets the filter ignore case", ref: { value: ">=2.0.0-0 <3.0.0-0", filter: "(?i)RC" }, want: "2.0.0-rc.1" },
  ];
  for (const { name, ref, want } of cases) {
    test(name, async () => {
      const { open, asked } = world();
      await pushVersions(tags);
      expect((await synced(open(), { kind: "semver", ...ref })).refName).toBe(want);
      expect(asked().slice(0, 3)).toEqual(["GET tags/list", "GET tags/list", "GET tags/list"]);
    });
  }

  test("that no tag fits says how many there are", async () => {
    const { registry, name, open } = world();
    await pushVersions(["1.0.0", "latest"]);
    const { failure, message } = await refused(synced(open(), { kind: "semver", value: ">=7" }));
    expect(failure).toBe("ref");
    expect(message).toBe(`Cannot find a tag in the range ">=7": none of 2 tags fits (${registry.host}/${name})`);
  });

  test("lists tags once for several, and does so on the registry's own host whatever the link names", async () => {
    const { registry, name, open, asked } = world();
    await pushVersions(["1.0.0", "2.0.0"]);
    registry.behaviour.fault = ({ path, query }) => {
      if (!path.endsWith("/tags/list") || query.has("last")) return undefined;
      const link = `<http://127.0.0.1:1/v2/${name}/tags/list?last=0&n=9>; rel="next"`;
      return { status: 200, headers: { link }, body: '{"tags":["1.0.0"]}' };
    };
    const refs: OciRef[] = ["1.x", ">=2"].map((value) => ({ kind: "semver", value }));
    const results = await open().sync(refs, { timeoutMs: 20_000 }, signal);
    expect(results.map((result) => "refName" in result && result.refName)).toEqual(["1.0.0", "2.0.0"]);
    expect(asked().filter((line) => line === "GET tags/list")).toHaveLength(2);
  });

  test("of an endless list of tags is given up", async () => {
    const { registry, name, open } = world();
    const link = `</v2/${name}/tags/list?n=1>; rel="next"`;
    registry.behaviour.fault = () => ({ status: 200, headers: { link }, body: '{"tags":["a"]}' });
    expect((await refused(synced(open(), { kind: "semver", value: "*" }))).code).toBe("too-large");
  });
});

describe("what was pulled", () => {
  test("is there after a restart, without the registry", async () => {
    const { registry, name, open, asked } = world();
    const digest = await registry.push(name, "latest", { files: { a: "a" }, annotations: { source: "git" } });
    await synced(open());
    registry.behaviour.fault = () => ({ drop: true });
    registry.requests.length = 0;
    const later = open();
    expect(await later.holds(digest, signal)).toBe(true);
    expect(await text(await later.tree(digest, signal), "a")).toBe("a");
    expect(await later.annotations(digest, signal)).toMatchObject({ source: "git" });
    expect(asked()).toEqual([]);
  });

  test("is there for that credential alone", async () => {
    const { registry, name, open } = world();
    const digest = await registry.push(name, "latest", { files: { a: "a" } });
    await synced(open());
    const stranger = open({ secrets: { credential: secretOf({ username: "eve", password: "x" }) } });
    expect(await stranger.holds(digest, signal)).toBe(false);
    expect(await open().holds("sha256:../../key", signal)).toBe(false);
  });

  test("is kept for the references that are followed and two others", async () => {
    const { registry, name, open } = world();
    const repository = open();
    const stable: OciRef = { kind: "tag", value: "stable" };
    const digests = [await registry.push(name, "stable", { files: { a: "stable" } })];
    await synced(repository, stable);
    for (const version of ["1", "2", "3", "4"]) {
      digests.push(await registry.push(name, "latest", { files: { a: version } }));
      await repository.sync([stable, latest], { timeoutMs: 20_000 }, signal);
    }
    const held = await Promise.all(digests.map((digest) => repository.holds(digest, signal)));
    expect(held).toEqual([true, false, true, true, true]);
    expect(await artifactsOnDisk()).toHaveLength(4);
  });

  test("is not pulled again for other references when one has moved after a restart", async () => {
    const { registry, name, open, asked } = world();
    const tags = ["a", "b", "c", "d", "e"];
    await pushVersions(tags);
    const refs = tags.map((value): OciRef => ({ kind: "tag", value }));
    await open().sync(refs, { timeoutMs: 20_000 }, signal);
    await registry.push(name, "a", { files: { version: "moved" } });
    registry.requests.length = 0;
    const results = await open().sync(refs, { timeoutMs: 20_000 }, signal);
    expect(results.map((result) => "error" in result)).toEqual(tags.map(() => false));
    expect(asked().filter((line) => line.startsWith("GET"))).toEqual(["GET manifests/sha256", "GET blobs/sha256"]);
    const later = open();
    for (const result of results) expect("commit" in result && (await later.holds(result.commit, signal))).toBe(true);
  });

  test("is pulled again when the disk lost or changed it", async () => {
    const { registry, name, open } = world();
    await registry.push(name, "latest", { files: { a: "first", b: "second" } });
    const tree = await pulled(open());
    const pack = await packPath();
    await writeFile(pack, "XXXXXsecond");
    expect(await text(tree, "b")).toBe("second");
    expect(await text(tree, "a")).toBe("first");
    await rm(pack);
    expect(await text(tree, "a")).toBe("first");
    for (const damage of ["{", "{}", ""]) {
      await writeFile(join(pack, "../index.json"), damage);
      expect(await text(await pulled(open()), "a")).toBe("first");
    }
  });

  test("is there as a whole or not at all", async () => {
    const { registry, name, open, directory } = world();
    const digest = await registry.push(name, "latest", { files: { a: "a" } });
    registry.behaviour.fault = ({ path }) => (path.includes("/blobs/") ? { status: 404 } : undefined);
    const repository = open();
    await refused(synced(repository));
    expect(await repository.holds(digest, signal)).toBe(false);
    expect(await artifactsOnDisk()).toEqual([]);
    const [folder] = await readdir(join(directory, "repositories"));
    await mkdir(join(directory, "repositories", folder!, "partial-0123"));
    delete registry.behaviour.fault;
    await synced(open());
    expect(await artifactsOnDisk()).toEqual([digest.slice("sha256:".length)]);
  });

  test("can be asked for by digest, wherever tags point", async () => {
    const { registry, name, open } = world();
    const first = await registry.push(name, "latest", { files: { a: "first" } });
    await registry.push(name, "latest", { files: { a: "second" } });
    const repository = open();
    await repository.fetchCommit(first, signal);
    expect(await text(await repository.tree(first, signal), "a")).toBe("first");
    expect((await refused(repository.fetchCommit("latest", signal))).code).toBe("invalid-ref");
  });
});
