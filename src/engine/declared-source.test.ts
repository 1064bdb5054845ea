import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { App } from "#core/app/app.ts";
import type { DialectKind } from "#core/app/dialect.ts";
import { keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import { sourceObjectKey } from "#core/source/source.ts";
import type { AppWork } from "./app-state.ts";
import { declareSource, withdrawSource } from "./declared-source.ts";
import { plainApp } from "./testing/app.ts";
import { plainDialect, plainKinds } from "./testing/dialect.ts";
import { TestEngine } from "./testing/engine.ts";

const CHARTS: DialectKind = { ...plainKinds.source, kind: "HelmChart", plural: "helmcharts", short: "hc" };
const dialect = { ...plainDialect, sourceKinds: [...plainDialect.sourceKinds, CHARTS] };

let engine: TestEngine;
beforeEach(() => {
  engine = new TestEngine(dialect);
});
afterEach(() => engine.stop());

function chart(spec: object = { chart: "web" }, name = "apps-shop"): Resource {
  const labels = { app: "shop", "owned-by": "us" };
  return { apiVersion: "plain.test/v1", kind: "HelmChart", metadata: { name, namespace: "apps", labels }, spec };
}

/** An app whose source is the chart, and whose status names one. */
async function declaring(declares: Resource | null, named = "", changes: Partial<App> = {}): Promise<AppWork> {
  const [first] = plainApp("shop").sources;
  const sources = [{ ...first!, source: sourceObjectKey("HelmChart", "apps", "apps-shop") }];
  const work = await engine.work("shop", [], { spec: { ...changes, sources, declares } });
  const { registry } = engine.context;
  const object = registry.app(work.state.app.key)!.object;
  const status = { helmChart: named };
  registry.upsert(dialect, plainKinds.app, engine.cluster.put({ ...object, status }));
  engine.cluster.requests.length = 0;
  return work;
}

/** Lets the registry see what is on the cluster. */
function seen(object: Resource = chart()): Resource | undefined {
  const { registry } = engine.context;
  const stored = engine.cluster.objects.get(keyOf(object));
  if (stored) registry.upsert(dialect, CHARTS, stored);
  else {
    const { namespace = "", name } = object.metadata;
    registry.gone(dialect, CHARTS, registry.lookup(dialect.name)(CHARTS.kind, namespace, name) ?? object);
  }
  return stored;
}

const told = () => engine.audit.map(({ verb, object }) => `${verb} ${object}`);

describe("declareSource()", () => {
  test("writes the declared object as the controller itself, and asks nothing once it stands", async () => {
    const work = await declaring(chart(), "", {
      target: {
        cluster: "in-cluster",
        kubeconfig: null,
        namespace: null,
        impersonate: "system:serviceaccount:apps:shop",
      },
    });
    await declareSource(work, engine.signal);
    expect(engine.cluster.log).toEqual(["apply HelmChart/apps-shop"]);
    expect(engine.cluster.requests[0]?.options).toMatchObject({ manager: "us" });
    expect(engine.cluster.requests[0]?.options).not.toHaveProperty("as");
    expect(told()).toEqual(["create HelmChart/apps/apps-shop"]);
    await declareSource(work, engine.signal);
    seen();
    await declareSource(work, engine.signal);
    expect(engine.cluster.log).toHaveLength(1);
  });

  test("writes nothing after a restart when it stands as declared", async () => {
    await declareSource(await declaring(chart()), engine.signal);
    seen();
    const again = await declaring(chart());
    await declareSource(again, engine.signal);
    expect(engine.cluster.log).toEqual([]);
  });

  test("puts back what somebody changed, and overwrites what is not marked as the app's", async () => {
    const work = await declaring(chart());
    engine.cluster.put({ ...chart({ chart: "other" }), metadata: { name: "apps-shop", namespace: "apps" } });
    seen();
    await declareSource(work, engine.signal);
    expect(seen()).toMatchObject({ spec: { chart: "web" }, metadata: { labels: { app: "shop" } } });
    expect(told()).toEqual(["update HelmChart/apps/apps-shop"]);
    engine.cluster.put({ ...seen()!, spec: { chart: "mine" } });
    seen();
    await declareSource(work, engine.signal);
    expect(seen()).toMatchObject({ spec: { chart: "web" } });
  });

  test("writes it again when it was deleted, and waits while it goes", async () => {
    const work = await declaring(chart());
    await declareSource(work, engine.signal);
    const stored = seen()!;
    const metadata = { ...stored.metadata, deletionTimestamp: "2026-01-01T00:00:00Z" };
    engine.context.registry.upsert(dialect, CHARTS, { ...stored, metadata, spec: { chart: "other" } });
    await declareSource(work, engine.signal);
    expect(engine.cluster.log).toHaveLength(1);
    engine.cluster.objects.delete(keyOf(stored));
    seen();
    await declareSource(work, engine.signal);
    expect(engine.cluster.log).toHaveLength(2);
  });

  test("writes a new declaration at once, and one that the watch never showed after a while", async () => {
    const work = await declaring(chart());
    await declareSource(work, engine.signal);
    work.state.app = { ...work.state.app, declares: chart({ chart: "api" }) };
    await declareSource(work, engine.signal);
    expect(engine.cluster.log).toHaveLength(2);
    engine.clock.advance(11_000);
    await declareSource(work, engine.signal);
    expect(engine.cluster.log).toHaveLength(3);
  });

  test("leaves everything alone for an app that declares nothing, is suspended or is deleted", async () => {
    for (const changes of [{ suspended: true }, { deleting: true }]) {
      await declareSource(await declaring(chart(), "", changes), engine.signal);
    }
    await declareSource(await declaring(null), engine.signal);
    expect(engine.cluster.log).toEqual([]);
  });
});

describe("withdrawSource()", () => {
  async function former(metadata: Partial<Resource["metadata"]> = {}): Promise<Resource> {
    const object = chart({ chart: "web" }, "old");
    engine.cluster.put({ ...object, metadata: { ...object.metadata, ...metadata } });
    return seen(object)!;
  }

  const cases: { name: string; declares: Resource | null; changes?: Partial<App> }[] = [
    { name: "an app that refers to a source instead", declares: null },
    { name: "an app that declares another one", declares: chart() },
    { name: "an app that is deleted", declares: chart({}, "old"), changes: { deleting: true } },
  ];
  for (const { name, declares, changes } of cases) {
    test(`deletes the object of ${name}, once`, async () => {
      const { metadata } = await former();
      const work = await declaring(declares, "apps/old", changes);
      await withdrawSource(work, engine.signal);
      expect(engine.cluster.log).toEqual(["get HelmChart/old", "delete HelmChart/old"]);
      expect(engine.cluster.requests[1]?.options).toMatchObject({ uid: metadata.uid });
      expect(told()).toEqual(["delete HelmChart/apps/old"]);
      seen(chart({}, "old"));
      await withdrawSource(work, engine.signal);
      expect(engine.cluster.log).toHaveLength(2);
    });
  }

  test("keeps what the app declares, and what no status names", async () => {
    await former();
    await withdrawSource(await declaring(chart({}, "old"), "apps/old"), engine.signal);
    await withdrawSource(await declaring(null), engine.signal);
    await withdrawSource(await declaring(null, "apps/old", { suspended: true }), engine.signal);
    expect(engine.cluster.log).toEqual([]);
  });

  test("keeps what carries another mark, also when only a fresh look shows that", async () => {
    await former({ labels: { app: "other" } });
    const work = await declaring(null, "apps/old");
    await withdrawSource(work, engine.signal);
    expect(engine.cluster.log).toEqual([]);
    await former({ labels: { app: "shop" } });
    const object = chart({}, "old");
    engine.cluster.put({ ...object, metadata: { ...object.metadata, labels: { app: "other" } } });
    await withdrawSource(work, engine.signal);
    expect(engine.cluster.log).toEqual(["get HelmChart/old"]);
  });
});
