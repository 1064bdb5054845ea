import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll } from "vitest";
import { quietTelemetry } from "#engine/testing/quiet.ts";
import { HelperPools } from "#adapters/upstream/helper-pools.ts";
import type { AppPhase } from "#core/app/app-report.ts";
import type { Resource } from "#core/resource/resource.ts";
import { ChartServer } from "../support/chart-server.ts";
import { type Ended, runCli } from "../support/cli-program.ts";
import { temporaryDirectory, useControlPlane } from "../support/control-plane.ts";
import { adminClient, installDefinitions, settingsOf, startEngine } from "../support/engine.ts";
import { versionsOf } from "../support/seen-objects.ts";
import { eventually } from "../support/eventually.ts";
import { startGitServer } from "../support/git-server.ts";
import { FluxWorld, type Space } from "./flux-world.ts";
import { HelmSpace } from "./helm-space.ts";
import { fluxRef, VendorFlux } from "./takeover-vendor.ts";

const { signal } = new AbortController();

/** Kinds in which a fleet and what is made of it lives. */
const KINDS = [
  ["", "ConfigMap"],
  ["", "Secret"],
  ["", "Service"],
  ["", "ServiceAccount"],
  ["apps", "Deployment"],
  ["batch", "Job"],
  ["source.toolkit.fluxcd.io", "GitRepository"],
  ["source.toolkit.fluxcd.io", "HelmRepository"],
  ["source.toolkit.fluxcd.io", "HelmChart"],
  ["kustomize.toolkit.fluxcd.io", "Kustomization"],
  ["helm.toolkit.fluxcd.io", "HelmRelease"],
  ["holdfast.dev", "Inventory"],
] as const;

/** A cluster on which Flux runs, with Holdfast beside it. */
export class TakeoverWorld {
  readonly flux: VendorFlux;
  readonly world: FluxWorld;
  readonly charts: ChartServer;
  readonly phases: ReadonlyMap<string, AppPhase["kind"]>;
  readonly #person: { readonly home: string; readonly kubeconfig: string };

  constructor(parts: {
    flux: VendorFlux;
    world: FluxWorld;
    charts: ChartServer;
    phases: ReadonlyMap<string, AppPhase["kind"]>;
    person: { home: string; kubeconfig: string };
  }) {
    this.flux = parts.flux;
    this.world = parts.world;
    this.charts = parts.charts;
    this.phases = parts.phases;
    this.#person = parts.person;
  }

  /** Runs a command as a person would. */
  holdfast(...args: string[]): Promise<Ended> {
    return runCli(this.#person, args);
  }

  /** Waits until the controller has compared an app that it may not write. */
  async shadowed(key: string): Promise<void> {
    await this.inPhase(key, "shadow");
  }

  async inPhase(key: string, kind: AppPhase["kind"]): Promise<void> {
    await eventually(`${key} is ${kind}`, () => Promise.resolve(this.phases.get(key) === kind)).catch(
      (error: unknown) => {
        throw new Error(`${key} is ${this.phases.get(key)} and not ${kind}`, { cause: error });
      },
    );
  }

  /** Everything in some namespaces with the version it has: whatever is written there shows. */
  versions(...namespaces: string[]): Promise<Readonly<Record<string, string>>> {
    return versionsOf(this.world.client, KINDS, namespaces);
  }

  /** A namespace whose Kustomization Flux has applied. */
  async fluxKustomization(name: string, objects: readonly Resource[], spec: object = {}): Promise<FluxKustomization> {
    const space = await this.world.space(name);
    const made = new FluxKustomization(this, space);
    await space.gitRepository();
    await made.declare(objects);
    await space.kustomization(spec);
    await made.reconciled();
    return made;
  }

  /** A namespace with a release that Flux has installed. */
  async fluxRelease(name: string, chart: string, version: string, spec: object = {}): Promise<HelmSpace> {
    const helm = new HelmSpace(this.world, await this.world.space(name), this.charts.url);
    await helm.release(chart, version, spec);
    await this.flux.fetched(fluxRef.source("HelmRepository", name, name), `sha256:${"c3".repeat(32)}`);
    await this.flux.helm.released(helm.ref);
    return helm;
  }
}

/** A Kustomization that Flux reconciles until somebody else does. */
export class FluxKustomization {
  readonly space: Space;
  readonly #world: TakeoverWorld;
  #objects: readonly Resource[] = [];
  commit = "";

  constructor(world: TakeoverWorld, space: Space) {
    this.#world = world;
    this.space = space;
  }

  /** Commits exactly these objects. */
  async declare(objects: readonly Resource[]): Promise<string> {
    const gone = this.#objects.filter((one) => !objects.some((other) => fileOf(one) === fileOf(other)));
    const files = Object.fromEntries([
      ...gone.map((object) => [fileOf(object), null]),
      ...objects.map((object) => [fileOf(object), JSON.stringify(object)]),
    ]) as Record<string, string | null>;
    this.#objects = objects;
    this.commit = await this.space.commit(files);
    return this.commit;
  }

  /** Flux fetches and applies what is declared. */
  async reconciled(): Promise<void> {
    const { flux } = this.#world;
    const { name } = this.space;
    const revision = `main@sha1:${this.commit}`;
    await flux.fetched(fluxRef.source("GitRepository", name, name), revision);
    const placed = this.#objects.map((one) => ({ ...one, metadata: { ...one.metadata, namespace: name } }));
    await flux.kustomized(this.space.kustomizationRef(), revision, placed);
  }
}

function fileOf({ kind, metadata }: Resource): string {
  return `app/${kind.toLowerCase()}-${metadata.name}.yaml`;
}

/** Gives the tests of a file a cluster on which Flux runs. */
export function useTakeoverWorld(publish: (charts: ChartServer) => Map<string, Uint8Array>): () => TakeoverWorld {
  const plane = useControlPlane({ withNodes: true });
  const pools = new HelperPools();
  const phases = new Map<string, AppPhase["kind"]>();
  let takeover: TakeoverWorld | undefined;

  beforeAll(async () => {
    const client = adminClient(plane());
    await installDefinitions(client, signal);
    const charts = await new ChartServer().start();
    const packed = publish(charts);
    const flux = new VendorFlux(client, pools.full, (name, version) => packed.get(`${name}-${version}`) as Uint8Array);
    await flux.install();
    const git = await startGitServer();
    const phase = (key: string, kind: AppPhase["kind"] | null) =>
      void (kind ? phases.set(key, kind) : phases.delete(key));
    const start = () => startEngine(settingsOf(plane()), { telemetry: { ...quietTelemetry, phase } });
    const { kubeconfigPath } = plane();
    const world = new FluxWorld({ git, client, engine: await start(), start, kubeconfigPath });
    const home = await temporaryDirectory();
    await writeFile(join(home, ".gitconfig"), "[user]\n name = Ada\n email = ada@example.com\n");
    takeover = new TakeoverWorld({ flux, world, charts, phases, person: { home, kubeconfig: kubeconfigPath } });
  });

  afterAll(async () => {
    await takeover?.world.stop();
    await takeover?.charts.stop();
    await pools.close();
  });

  return () => {
    if (!takeover) throw new Error("Cannot use the world before the tests run");
    return takeover;
  };
}
