import { afterAll, beforeAll, describe, expect } from "vitest";
import { releaseSummaryOf } from "#core/helm/release-record.ts";
import type { Resource } from "#core/resource/resource.ts";
import { ChartServer } from "../support/chart-server.ts";
import { eventually } from "../support/eventually.ts";
import { eachSeed } from "./each-seed.ts";
import { useFaultWorld } from "./fault-world.ts";
import { killedAfter } from "./killed-after.ts";

const HELM = "helm.toolkit.fluxcd.io/v2";
const SOURCE = "source.toolkit.fluxcd.io/v1";
const world = useFaultWorld();
const { signal } = new AbortController();
/** More than any of these actions writes. */
const MOST_WRITES = 24;
/** A seed tries every third write, the next seed those after them. */
const STEP = 3;
let server: ChartServer;
let number = 0;

const object = (name: string, hook = "") => `apiVersion: v1
kind: ConfigMap
metadata:
  name: "{{ .Release.Name }}-${name}"
  annotations: {${hook === "" ? "" : `helm.sh/hook: "${hook}"`}}
data: {color: "{{ .Values.color }}"}
`;

beforeAll(async () => {
  server = await new ChartServer().start();
  const hooks = {
    "templates/pre.yaml": object("pre", "pre-install,pre-upgrade"),
    "templates/post.yaml": object("post", "post-install,post-upgrade"),
  };
  server.publish("web", "1.0.0", {
    files: { ...hooks, "templates/a.yaml": object("a"), "templates/b.yaml": object("b") },
  });
  server.publish("web", "2.0.0", {
    files: { ...hooks, "templates/a.yaml": object("a"), "templates/c.yaml": object("c") },
  });
});
afterAll(() => server.stop());

/** A HelmRelease in a namespace of its own. */
class Release {
  readonly name = `release-${(number += 1)}`;

  async declare(version: string, color: string): Promise<void> {
    const { client } = world();
    const metadata = { name: this.name, namespace: this.name };
    const sourceRef = { kind: "HelmRepository", name: this.name };
    const chart = { spec: { chart: "web", version, sourceRef } };
    for (const one of [
      { apiVersion: "v1", kind: "Namespace", metadata: { name: this.name } },
      { apiVersion: SOURCE, kind: "HelmRepository", metadata, spec: { interval: "10m", url: server.url } },
      { apiVersion: HELM, kind: "HelmRelease", metadata, spec: { interval: "10m", chart, values: { color } } },
    ])
      await client.apply(one, { manager: "test", signal });
  }

  get ref() {
    return { apiVersion: HELM, kind: "HelmRelease", namespace: this.name, name: this.name };
  }

  object(): Promise<Resource | null> {
    return world().client.get(this.ref, { signal });
  }

  async isReady(): Promise<boolean> {
    const object = await this.object();
    const status = object?.["status"] as
      { conditions?: { type: string; status: string; observedGeneration?: number }[] } | undefined;
    const ready = status?.conditions?.find(({ type }) => type === "Ready");
    return ready?.status === "True" && ready.observedGeneration === object?.metadata.generation;
  }

  async list(kind: "ConfigMap" | "Secret"): Promise<readonly Resource[]> {
    const { client } = world();
    const lookup = await client.kind({ group: "", kind }, { signal });
    if (lookup.known !== "yes") throw new Error(`Cannot list ${kind}`);
    return client.list(lookup.info, { namespace: this.name }, { signal });
  }

  /** What the chart made, by name without the release's, and its value. */
  async content(): Promise<Readonly<Record<string, string>>> {
    const maps = (await this.list("ConfigMap")).filter(({ metadata }) => metadata.name.startsWith(this.name));
    const entries = maps.map((map) => [
      map.metadata.name.slice(this.name.length + 1),
      (map["data"] as { color: string }).color,
    ]);
    return Object.fromEntries(entries) as Record<string, string>;
  }

  /** The states of the release's records, oldest first. */
  async records(): Promise<readonly string[]> {
    const summaries = (await this.list("Secret")).flatMap((secret) => releaseSummaryOf(secret as never) ?? []);
    return summaries.toSorted((a, b) => a.version - b.version).map(({ status }) => status);
  }

  async checkDeployed(content: Readonly<Record<string, string>>): Promise<void> {
    expect(await this.content()).toEqual(content);
    const records = await this.records();
    expect(records.filter((status) => status === "deployed")).toHaveLength(1);
    expect(records.at(-1)).toBe("deployed");
    expect(records.filter((status) => status.startsWith("pending"))).toEqual([]);
  }

  async remove(): Promise<void> {
    const uid = (await this.object())?.metadata.uid ?? "";
    await world().client.delete(this.ref, { uid, signal });
  }

  /** Nothing of the release is left but what its hooks made. */
  async checkGone(): Promise<void> {
    await eventually("the release is gone", async () => (await this.object()) === null);
    expect(Object.keys(await this.content()).filter((name) => !["pre", "post"].includes(name))).toEqual([]);
    expect(await this.records()).toEqual([]);
  }
}

const ready = (release: Release) => eventually("the release is ready", () => release.isReady());

describe("the controller is killed", () => {
  eachSeed(
    "after each write of an installation: the next one ends it, and removes all of it later",
    async ({ seed }) => {
      await world().startProcess();
      for (let writes = seed % STEP; writes < MOST_WRITES; writes += STEP) {
        const release = new Release();
        const killing = killedAfter(world(), writes, () => release.isReady());
        await release.declare("1.0.0", "red");
        if (!(await killing)) {
          expect(writes).toBeGreaterThan(8);
          return;
        }
        await world().startProcess();
        await ready(release);
        await release.checkDeployed({ pre: "red", post: "red", a: "red", b: "red" });
        await release.remove();
        await release.checkGone();
      }
      expect.unreachable("the installation writes more than was thought");
    },
  );

  eachSeed(
    "after each write of an upgrade: the next one ends it, and nothing of the old chart is left",
    async ({ seed }) => {
      await world().startProcess();
      for (let writes = seed % STEP; writes < MOST_WRITES; writes += STEP) {
        const release = new Release();
        await release.declare("1.0.0", "red");
        await ready(release);
        let isDeclared = false;
        const killing = killedAfter(world(), writes, async () => isDeclared && (await release.isReady()));
        await release.declare("2.0.0", "blue");
        isDeclared = true;
        if (!(await killing)) {
          expect(writes).toBeGreaterThan(8);
          return;
        }
        await world().startProcess();
        await ready(release);
        await release.checkDeployed({ pre: "blue", post: "blue", a: "blue", c: "blue" });
      }
      expect.unreachable("the upgrade writes more than was thought");
    },
  );

  eachSeed("while it removes a release: the next one ends it", async ({ seed }) => {
    await world().startProcess();
    for (let writes = seed % STEP; writes < MOST_WRITES; writes += STEP) {
      const release = new Release();
      await release.declare("1.0.0", "red");
      await ready(release);
      const killing = killedAfter(world(), writes, async () => (await release.object()) === null);
      await release.remove();
      if (!(await killing)) {
        expect(writes).toBeGreaterThan(3);
        return;
      }
      await world().startProcess();
      await release.checkGone();
    }
    expect.unreachable("the removal writes more than was thought");
  });
});

describe("the API server fails", () => {
  eachSeed("once, at each write of an upgrade: the same revision is finished", async (chance) => {
    await world().startController();
    for (let writes = chance.seed % STEP; writes < MOST_WRITES; writes += STEP) {
      const release = new Release();
      await release.declare("1.0.0", "red");
      await ready(release);
      let seen = 0;
      const rule = world().proxy.rule({
        match: { when: ({ method, path }) => method !== "GET" && !path.includes("/leases") && ++seen === writes + 1 },
        act: { kind: "drop", when: chance.pick(["before", "after"]) },
        times: 1,
      });
      await release.declare("2.0.0", "blue");
      await ready(release);
      rule.remove();
      await release.checkDeployed({ pre: "blue", post: "blue", a: "blue", c: "blue" });
      expect([writes, await release.records()]).toEqual([writes, ["superseded", "deployed"]]);
    }
  });
});
