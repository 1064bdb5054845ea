import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { CheckView } from "#contract/check-view.ts";
import { GitStore } from "#adapters/git/git-store.ts";
import { goProgramPath } from "#adapters/go-program.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import type { CheckActions } from "#cli/check.ts";
import type { ConnectionOptions } from "#cli/connection-options.ts";
import type { ClusterClient } from "#engine/ports.ts";
import { failureText } from "#engine/requests.ts";
import manifest from "../../package.json" with { type: "json" };
import { currentLeader } from "./cli-controller-lease.ts";
import { liveRivals } from "./cli-rivals.ts";
import { serverVersion } from "./cli-server-version.ts";
import { settingsFor, withClient } from "./cli-session.ts";
import { dialects, ownKinds } from "./dialects.ts";

const OLDEST_MINOR = 29;

/** Looks at everything that the controller needs. */
export const checkActions: CheckActions = { check };

async function check(query: ConnectionOptions, signal: AbortSignal): Promise<readonly CheckView[]> {
  const settings = await settingsFor(query, signal);
  const version = await serverVersion(settings, signal);
  return withClient(
    query,
    async (client) => [
      ...(await toolChecks(signal)),
      versionCheck(version, settings.server),
      ...(await definitionChecks(client, signal)),
      ...(await rightChecks(client, signal)),
      ...(await rivalChecks(client, signal)),
      await controllerCheck(client, signal),
    ],
    signal,
  );
}

async function toolChecks(signal: AbortSignal): Promise<CheckView[]> {
  const node = `holdfast ${manifest.version} on Node ${process.versions.node}`;
  return [
    { area: "tools", verdict: "ok", message: node, advice: "" },
    await toolCheck("git is new enough", async () => {
      const directory = await mkdtemp(join(tmpdir(), "holdfast-check-"));
      try {
        const store = new GitStore({ directory });
        store.open({ url: "https://example.invalid/a.git", credential: { kind: "none" } });
        await store.checkGit(signal);
      } finally {
        await rm(directory, { recursive: true, force: true });
      }
    }),
    await toolCheck("the helpers with kustomize and Helm are there", async () => {
      await Promise.resolve([goProgramPath("holdfast-upstream"), goProgramPath("holdfast-upstream-all")]);
    }),
  ];
}

async function toolCheck(message: string, work: () => Promise<void>): Promise<CheckView> {
  try {
    await work();
    return { area: "tools", verdict: "ok", message, advice: "" };
  } catch (error) {
    return { area: "tools", verdict: "problem", message: failureText(error), advice: "" };
  }
}

function versionCheck(version: string, server: string): CheckView {
  const minor = Number(/^v1\.(\d+)/.exec(version)?.[1] ?? 0);
  const message = `Kubernetes ${version} at ${server}`;
  if (minor >= OLDEST_MINOR) return { area: "cluster", verdict: "ok", message, advice: "" };
  return { area: "cluster", verdict: "warning", message, advice: `Nobody tries versions before 1.${OLDEST_MINOR}.` };
}

async function definitionChecks(client: ClusterClient, signal: AbortSignal): Promise<CheckView[]> {
  const kinds: readonly GroupKind[] = [{ group: "holdfast.dev", kind: "Inventory" }, ...dialects.flatMap(ownKinds)];
  const checks: CheckView[] = [];
  for (const kind of kinds) {
    const found = await client.kind(kind, { signal });
    const name = `${kind.kind}.${kind.group}`;
    if (found.known === "yes") {
      checks.push({ area: "definitions", verdict: "ok", message: `${name}/${found.info.version}`, advice: "" });
    } else {
      const message = found.known === "no" ? `${name} is not defined` : `${name}: ${found.reason}`;
      checks.push({
        area: "definitions",
        verdict: "problem",
        message,
        advice: "Run: holdfast install --apply --crds-only",
      });
    }
  }
  return checks;
}

const RIGHTS = [
  { verb: "list", group: "kustomize.toolkit.fluxcd.io", resource: "kustomizations" },
  { verb: "patch", group: "kustomize.toolkit.fluxcd.io", resource: "kustomizations" },
  { verb: "list", group: "helm.toolkit.fluxcd.io", resource: "helmreleases" },
  { verb: "patch", group: "helm.toolkit.fluxcd.io", resource: "helmreleases" },
  { verb: "list", group: "argoproj.io", resource: "applications" },
  { verb: "patch", group: "argoproj.io", resource: "applications" },
  { verb: "list", group: "source.toolkit.fluxcd.io", resource: "gitrepositories" },
  { verb: "create", group: "", resource: "events" },
] as const;

/** What the person at this terminal may do; the controller's own rights come with its installation. */
async function rightChecks(client: ClusterClient, signal: AbortSignal): Promise<CheckView[]> {
  const missing: string[] = [];
  for (const resourceAttributes of RIGHTS) {
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      metadata: { name: "" },
      spec: { resourceAttributes },
    };
    const answer = await client.create(review, { manager: "holdfast-cli", signal });
    const isAllowed = (answer["status"] as { allowed?: boolean } | undefined)?.allowed === true;
    if (!isAllowed) missing.push(`${resourceAttributes.verb} ${resourceAttributes.resource}`);
  }
  if (missing.length === 0) {
    return [{ area: "rights", verdict: "ok", message: "you may read and change apps everywhere", advice: "" }];
  }
  const message = `in all namespaces together you may not: ${missing.join(", ")}`;
  return [{ area: "rights", verdict: "warning", message, advice: "Commands with -n may still work." }];
}

async function rivalChecks(client: ClusterClient, signal: AbortSignal): Promise<CheckView[]> {
  const checks: CheckView[] = [];
  for (const dialect of dialects) {
    const { name } = dialect.rules.rival;
    const live = await liveRivals(client, dialect, signal);
    if (live === null) {
      const message = `whether ${name} runs cannot be seen: you may not list workloads`;
      checks.push({ area: "rivals", verdict: "warning", message, advice: "" });
    } else if (live.length > 0) {
      const message = `${name} runs (${live.join(", ")}): its apps are watched only, until they are adopted`;
      checks.push({
        area: "rivals",
        verdict: "warning",
        message,
        advice: "Take apps over one by one: holdfast adopt APP",
      });
    } else {
      const which = dialect.rules.rival.workloadNames.join(" and ");
      checks.push({ area: "rivals", verdict: "ok", message: `${name} does not run here (${which})`, advice: "" });
    }
  }
  return checks;
}

async function controllerCheck(client: ClusterClient, signal: AbortSignal): Promise<CheckView> {
  const leader = await currentLeader(client, signal);
  if (leader.holder !== null) {
    return { area: "controller", verdict: "ok", message: `${leader.holder} leads`, advice: "" };
  }
  const advice = "Run one: holdfast install --apply (in the cluster), or holdfast controller (here)";
  return { area: "controller", verdict: "warning", message: leader.reason, advice };
}
