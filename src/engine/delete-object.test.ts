import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ObjectOptions } from "#core/app/rules.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import type { DeletionCertificate } from "#core/plan/deletion.ts";
import type { Change } from "#core/plan/plan.ts";
import { idOf, keyOf } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { AppWork } from "./app-state.ts";
import { deleteObject } from "./delete-object.ts";
import { plainOptions, plainRules } from "./testing/app.ts";
import { plainDialect, plainKinds } from "./testing/dialect.ts";
import { TestEngine } from "./testing/engine.ts";
import { configMap } from "./testing/fake-objects.ts";

const X = configMap("x", { a: "1" });
const KEY = keyOf(X);

let engine: TestEngine;
let work: AppWork;
let options: ObjectOptions;
beforeEach(async () => {
  options = plainOptions;
  engine = new TestEngine({ ...plainDialect, rules: { ...plainRules, optionsOf: () => options } });
  work = await engine.work("shop", [X]);
  await engine.sync(work);
  await engine.declare(work, []);
  engine.cluster.requests.length = 0;
});
afterEach(() => engine.stop());

function stored(): Resource {
  return engine.cluster.objects.get(KEY)!;
}

function change(certificate: Partial<DeletionCertificate> = {}): Change {
  const { uid = "" } = stored()?.metadata ?? {};
  return {
    key: KEY,
    id: idOf(X),
    version: "v1",
    action: "delete",
    reason: "left the source",
    paths: [],
    desired: null,
    options: null,
    certificate: {
      key: KEY,
      uid,
      cause: "left-source",
      revision: "main@2",
      renderDigest: "r",
      inventoryDigest: "i",
      allowedBy: "budget",
      ...certificate,
    },
  };
}

async function deleted(what: Change = change()): Promise<string> {
  const { result, entry } = await deleteObject(work, what, engine.signal);
  const recorded = entry === null ? "leaves" : "stays";
  return `${result.outcome} (${result.message}), entry ${recorded}`;
}

/** Changes the object as somebody else would, while the certificate holds what was known before. */
function tampered(metadata: Partial<Resource["metadata"]>): Change {
  const before = change();
  engine.cluster.put({ ...stored(), metadata: { ...stored().metadata, ...metadata } });
  return before;
}

describe("deleteObject()", () => {
  test("deletes exactly the object that a fresh read showed, and has it seen gone before the entry leaves", async () => {
    const { uid, resourceVersion } = stored().metadata;
    expect(await deleted()).toBe("deleted (), entry leaves");
    expect(engine.cluster.log).toEqual(["get ConfigMap/x", "delete ConfigMap/x", "get ConfigMap/x"]);
    expect(engine.cluster.requests[1]?.options).toMatchObject({ uid, resourceVersion, propagation: "Background" });
    expect([engine.cluster.objects.has(KEY), work.context.index.get(KEY)]).toEqual([false, undefined]);
  });

  test("keeps the certificate in the history", async () => {
    const { uid } = stored().metadata;
    await deleted();
    expect(engine.audit).toMatchObject([
      {
        verb: "delete",
        app: work.state.app.key,
        revision: "main@2",
        reason: "left the source",
        detail: { certificate: { uid, cause: "left-source", allowedBy: "budget", renderDigest: "r" } },
      },
    ]);
  });

  test("an object that is gone already needs no delete", async () => {
    const before = change();
    engine.cluster.take(X);
    expect(await deleted(before)).toBe("deleted (), entry leaves");
    expect([engine.cluster.log, engine.audit]).toEqual([["get ConfigMap/x"], []]);
  });

  for (const [what, prepare, message] of [
    ["was recreated by somebody else", () => change({ uid: "uid-before" }), "was recreated by somebody else"],
    ["lost our mark", () => tampered({ labels: {} }), "no longer carries this app's mark"],
    ["lost our manager's entry", () => tampered({ managedFields: [] }), "us no longer owns any of its fields"],
    [
      "asks not to be pruned by now",
      () => {
        options = { ...plainOptions, prune: false };
        return change();
      },
      "deletion is off for this object",
    ],
    [
      "asks to outlive its app",
      () => {
        options = { ...plainOptions, deleteWithApp: false };
        return change({ cause: "app-deleted" });
      },
      "deletion is off for this object",
    ],
  ] as const) {
    test(`spares an object that ${what}`, async () => {
      const planned = prepare();
      expect(await deleted(planned)).toBe(`kept (${message}), entry leaves`);
      expect([engine.cluster.objects.has(KEY), engine.cluster.log]).toEqual([true, ["get ConfigMap/x"]]);
    });
  }

  test("another app's mark protects an object as long as that app is there", async () => {
    const other = await engine.work("other", []);
    const planned = tampered({ labels: { "owned-by": "us", app: "other" } });
    expect(await deleted(planned)).toMatch(/^kept/);
    const { object } = other.context.registry.app(other.state.app.key)!;
    other.context.registry.gone(engine.dialect, plainKinds.app, object);
    expect(await deleted(planned)).toMatch(/^deleted/);
  });

  test("an object that was only intended is not deleted under another app's mark", async () => {
    const planned = tampered({ labels: { "owned-by": "us", app: "gone" } });
    const intended = { ...planned, certificate: { ...planned.certificate!, uid: "" } };
    expect(await deleted(intended)).toMatch(/^kept/);
  });

  test("an API group that cannot be read proves nothing: the entry stays", async () => {
    engine.cluster.lookups.set("/ConfigMap", { known: "unknown", reason: "the group is down" });
    expect(await deleted()).toMatch(/^failed .*the group is down.*, entry stays$/);
    expect(engine.cluster.log).toEqual([]);
  });

  test("an object that changed between read and delete is not deleted", async () => {
    engine.cluster.after = ({ verb }) => {
      if (verb === "get") engine.cluster.put({ ...stored(), data: { a: "newer" } });
    };
    expect(await deleted()).toMatch(/^failed .*, entry stays$/);
    expect(engine.cluster.objects.has(KEY)).toBe(true);
    expect(engine.audit.map(({ verb }) => verb)).toEqual(["delete", "delete-refused"]);
  });

  test("the certificate is on record before the request is sent", async () => {
    let recorded: readonly string[] = [];
    engine.cluster.before = ({ verb }) => {
      if (verb === "delete") recorded = engine.audit.map((record) => record.verb);
    };
    await deleted();
    expect([recorded, engine.audit.length]).toEqual([["delete"], 1]);
  });

  test("a refusal is a failure of this object; no answer is thrown", async () => {
    engine.cluster.before = ({ verb }) => {
      if (verb === "delete") throw new ApiError({ code: 403, reason: "Forbidden", message: "may not" });
    };
    expect(await deleted()).toMatch(/^failed .*may not.*, entry stays$/);
    engine.cluster.before = () => Promise.reject(new ApiError({ code: 503, reason: "Unavailable", message: "down" }));
    await expect(deleted()).rejects.toMatchObject({ code: 503 });
  });

  test("an object that finalizers hold stays recorded, and is not deleted again and again", async () => {
    const planned = tampered({ finalizers: ["somebody/else"] });
    expect(await deleted(planned)).toBe("deleted (waits for finalizers), entry stays");
    expect(work.context.index.get(KEY)?.metadata.deletionTimestamp).toBeDefined();
    engine.cluster.requests.length = 0;
    expect(await deleted(planned)).toBe("deleted (waits for finalizers), entry stays");
    expect(engine.cluster.log).toEqual(["get ConfigMap/x", "get ConfigMap/x"]);
    engine.cluster.take(X);
    expect(await deleted(planned)).toBe("deleted (), entry leaves");
  });

  test("an object that was made anew right after the delete is not ours to wait for", async () => {
    engine.cluster.after = ({ verb }) => {
      if (verb === "delete") engine.cluster.put({ ...X });
    };
    expect(await deleted()).toBe("deleted (), entry leaves");
    expect(engine.cluster.objects.has(KEY)).toBe(true);
  });
});
