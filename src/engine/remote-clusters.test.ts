import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { aborted } from "#async/task-group.ts";
import type { App } from "#core/app/app.ts";
import type { ClusterAccess } from "#core/cluster/cluster-access.ts";
import { refOfReference } from "./followed-objects.ts";
import { type ClusterParts, RemoteClusters } from "./remote-clusters.ts";
import { plainApp } from "./testing/app.ts";
import { settled, TestEngine } from "./testing/engine.ts";
import { noReleaseTools } from "./testing/quiet.ts";

const secret = { kind: "Secret", namespace: "apps", name: "other" } as const;

let engine: TestEngine;
let opened: string[];
let closed: string[];
let remotes: RemoteClusters;
let end: () => Promise<void>;

beforeEach(() => {
  engine = new TestEngine();
  opened = [];
  closed = [];
  const { context } = engine;
  remotes = new RemoteClusters({
    log: engine.log,
    connector: {
      connect: (access) => {
        const kubeconfig = named(access);
        if (kubeconfig === "bad") throw new Error("it names no current context");
        opened.push(kubeconfig);
        return {
          client: context.client,
          tools: noReleaseTools,
          close: async () => void closed.push(kubeconfig),
        };
      },
    },
    partsOf: () =>
      ({ index: { run: aborted }, releases: { run: aborted }, contents: { run: aborted } }) as unknown as ClusterParts,
  });
  const scope = new AbortController();
  const life = remotes.run(scope.signal);
  end = async () => {
    scope.abort();
    await life;
    await engine.stop();
  };
});
afterEach(() => end());

function named(access: ClusterAccess): string {
  if (access.kind === "asked") return `${access.address} as ${access.account?.name}`;
  return access.kind === "kubeconfig" ? access.text : access.server;
}

function app(name: string, keys: readonly string[] = ["value", "value.yaml"]): App {
  const plain = plainApp(name);
  const target = { ...plain.target, cluster: "apps/other", kubeconfig: { ...secret, keys } };
  return { ...plain, target };
}

async function put(data: Readonly<Record<string, string>>): Promise<void> {
  const encoded = Object.entries(data).map(([key, text]) => [key, Buffer.from(text).toString("base64")]);
  const metadata = { name: secret.name, namespace: secret.namespace };
  engine.cluster.put({ apiVersion: "v1", kind: "Secret", metadata, data: Object.fromEntries(encoded) });
  await settled();
}

/** What is said of the cluster of an app: how it is, or why it cannot be used. */
function said(one: App): string {
  engine.context.references.name(one.key, [refOfReference(secret)]);
  const target = remotes.contextOf(one, engine.context);
  return target.kind === "failed" ? target.message : target.kind;
}

describe("RemoteClusters", () => {
  test("apps without a kubeconfig see the home cluster", () => {
    const target = remotes.contextOf(plainApp("shop"), engine.context);
    expect(target).toEqual({ kind: "ready", context: engine.context });
  });

  test("one kubeconfig is one connection, which goes with the last app that uses it", async () => {
    await put({ value: "one" });
    const [shop, cart] = [app("shop"), app("cart")];
    expect(said(shop)).toBe("pending");
    await settled();
    expect([said(shop), said(cart), said(shop)]).toEqual(["ready", "ready", "ready"]);
    expect(opened).toEqual(["one"]);
    remotes.leave(shop.key);
    await settled();
    expect(closed).toEqual([]);
    remotes.leave(cart.key);
    await settled();
    expect(closed).toEqual(["one"]);
    expect(said(shop)).toBe("ready");
    expect(opened).toEqual(["one", "one"]);
  });

  test("another kubeconfig is another connection, and an app that names none any more has left", async () => {
    await put({ value: "one", "value.yaml": "never" });
    const shop = app("shop");
    said(shop);
    await settled();
    expect(said(shop)).toBe("ready");
    await put({ "value.yaml": "two" });
    expect(said(shop)).toBe("ready");
    expect(opened).toEqual(["one", "two"]);
    remotes.contextOf({ ...shop, target: plainApp("shop").target }, engine.context);
    expect(said(shop)).toBe("ready");
    expect(opened).toEqual(["one", "two", "two"]);
  });

  test("a ConfigMap stands for a cluster as well, and is one connection for all apps that name what it says", async () => {
    const metadata = { name: "other", namespace: "apps" };
    const data = { provider: "generic", address: "https://api.example", serviceAccountName: "web" };
    const put = async (changes: object) => {
      engine.cluster.put({ apiVersion: "v1", kind: "ConfigMap", metadata, data: { ...data, ...changes } });
      await settled();
    };
    await put({});
    const named = { kind: "ConfigMap", namespace: "apps", name: "other" } as const;
    const toldOf = (name: string) => {
      const plain = plainApp(name);
      const one = {
        ...plain,
        target: { ...plain.target, cluster: "apps/other", kubeconfig: { ...named, account: null } },
      };
      engine.context.references.name(one.key, [refOfReference(named)]);
      const target = remotes.contextOf(one, engine.context);
      return target.kind === "failed" ? target.message : target.kind;
    };
    toldOf("shop");
    await settled();
    expect([toldOf("shop"), toldOf("cart"), toldOf("shop")]).toEqual(["ready", "ready", "ready"]);
    await put({ serviceAccountName: "else" });
    expect(toldOf("shop")).toBe("ready");
    expect(opened).toEqual(["https://api.example as web", "https://api.example as else"]);
    await put({ provider: "other" });
    expect(toldOf("shop")).toBe(
      `kubeconfig ConfigMap 'apps/other' has the provider "other"; use generic, aws, azure or gcp`,
    );
  });

  test("says what is wrong, by the Secret's name and never by its content", async () => {
    const shop = app("shop", ["config"]);
    said(shop);
    await settled();
    expect(said(shop)).toBe("kubeconfig Secret 'apps/other' not found");
    await put({ value: "one" });
    expect(said(shop)).toBe("kubeconfig Secret 'apps/other' has no key 'config'");
    await put({ config: "bad" });
    expect(said(shop)).toBe("kubeconfig Secret 'apps/other': it names no current context");
  });
});
