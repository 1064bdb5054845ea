import { readFile } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { describe, expect } from "vitest";
import { hookJob } from "../argocd/hook-jobs.ts";
import { eventually } from "../support/eventually.ts";
import { eachSeed } from "./each-seed.ts";
import { CONTROLLER_USER, useFaultWorld } from "./fault-world.ts";
import { killedAfter } from "./killed-after.ts";

const world = useFaultWorld({ withNodes: true });
const { signal } = new AbortController();
/** More than this sync writes. */
const MOST_WRITES = 24;
/** A seed tries every third write, the next seed those after them. */
const STEP = 3;
let number = 0;

/** An Application with hooks around two waves, in a namespace of its own. */
class HookedApp {
  readonly name = `hooked-${(number += 1)}`;
  commit = "";

  get ref() {
    return { apiVersion: "argoproj.io/v1alpha1", kind: "Application", namespace: "argocd", name: this.name };
  }

  async declare(): Promise<void> {
    const { client, git } = world();
    const map = (name: string, wave: string) =>
      `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}, annotations: {argocd.argoproj.io/sync-wave: "${wave}"}}\n`;
    this.commit = await git.commit(this.name, {
      "app/pre.yaml": hookJob("pre", { hook: "PreSync" }),
      "app/a.yaml": map("a", "0"),
      "app/b.yaml": map("b", "1"),
      "app/post.yaml": hookJob("post", { hook: "PostSync", policy: "HookSucceeded", generated: true }),
    });
    const manager = "test";
    await client.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: this.name } }, { manager, signal });
    const application = {
      apiVersion: this.ref.apiVersion,
      kind: this.ref.kind,
      metadata: { name: this.name, namespace: "argocd" },
      spec: {
        project: "default",
        source: { repoURL: git.url(this.name), path: "app", targetRevision: "main" },
        destination: { server: "https://kubernetes.default.svc", namespace: this.name },
        syncPolicy: { automated: {} },
      },
    };
    await client.apply(application, { manager, signal });
  }

  async isDone(): Promise<boolean> {
    const status = (await world().client.get(this.ref, { signal }))?.["status"] as
      { operationState?: { phase?: string }; history?: { revision?: string }[] } | undefined;
    return status?.operationState?.phase === "Succeeded" && status.history?.at(-1)?.revision === this.commit;
  }

  /** How often each Job was created, by its name without what is generated. */
  async created(): Promise<Readonly<Record<string, number>>> {
    const counts: Record<string, number> = {};
    for (const line of (await readFile(world().plane.auditLogPath, "utf8")).split("\n")) {
      const event = (line === "" ? {} : JSON.parse(line)) as AuditEvent;
      const { resource, namespace, name = "" } = event.objectRef ?? {};
      if (resource !== "jobs" || namespace !== this.name || event.user?.username !== CONTROLLER_USER) continue;
      if (event.stage !== "ResponseComplete" || event.responseStatus?.code !== 201) continue;
      const short = name.split("-")[0] ?? "";
      counts[short] = (counts[short] ?? 0) + 1;
    }
    return counts;
  }
}

interface AuditEvent {
  readonly stage?: string;
  readonly user?: { readonly username?: string };
  readonly objectRef?: { readonly resource?: string; readonly namespace?: string; readonly name?: string };
  readonly responseStatus?: { readonly code?: number };
}

describe("the controller is killed", () => {
  eachSeed(
    "after each write of a sync with hooks: every hook has run once, and the end is the same",
    async (chance) => {
      await world().startProcess();
      for (let writes = chance.seed % STEP; writes < MOST_WRITES; writes += STEP) {
        const app = new HookedApp();
        const killing = killedAfter(world(), writes, () => app.isDone());
        await app.declare();
        const isKilled = await killing;
        if (isKilled) await world().startProcess();
        await eventually(`the app is synced after ${writes} writes`, () => app.isDone());
        expect(await app.created(), `killed after ${writes} writes`).toEqual({ pre: 1, post: 1 });
        if (!isKilled) {
          expect(writes).toBeGreaterThan(8);
          return;
        }
        await pause(300);
      }
      expect.unreachable("the sync writes more than was thought");
    },
  );
});
