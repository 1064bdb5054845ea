import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { parseAllDocuments } from "yaml";
import type { MigrationView } from "#contract/migration-view.ts";
import type { TerraformOrder } from "#cli/migrate.ts";
import type { Resource } from "#core/resource/resource.ts";
import { parseHelmRelease } from "#dialects/flux/helm-release-parse.ts";
import { parseHelmRepository } from "#dialects/flux/parse-helm-repository.ts";
import { buildGo } from "../../../../tools/build-go.ts";
import { migrateActions } from "../../cli-migrate.ts";
import { vendorSettings } from "../../cli-session.ts";

/** Arguments of a release that is simply written. */
export const usual = {
  name: "web",
  namespace: "apps",
  chart: "web",
  repository: "https://charts.example.com",
  version: "1.0.0",
};

/** What a document became, and where. */
export interface Migrated {
  readonly view: MigrationView;
  readonly objects: readonly Resource[];
  read(path: string): Promise<string>;
}

/** What a release of a plan became. */
export interface MigratedOne {
  readonly spec: Readonly<Record<string, unknown>>;
  readonly decisions: readonly string[];
  readonly reasons: readonly string[];
}

/** Gives the tests of a file folders for what they migrate. */
export function useMigrations(): (document: object, order?: Partial<TerraformOrder>) => Promise<Migrated> {
  const { signal } = new AbortController();
  let home = "";
  let count = 0;

  beforeAll(async () => {
    await buildGo("upstream", signal);
    home = await mkdtemp(join(tmpdir(), "holdfast-migrate-"));
  }, 600_000);

  afterAll(() => rm(home, { recursive: true, force: true }));

  return async (document, order = {}) => {
    const file = join(home, `${(count += 1)}.json`);
    const output = order.output ?? join(home, `${count}`);
    await writeFile(file, JSON.stringify(document));
    const options = { force: false, interval: "10m", withSecrets: false, drop: [], only: [], check: false };
    const view = await migrateActions.terraform({ ...options, files: [file], ...order, output }, signal);
    const read = (path: string) => readFile(join(output, path), "utf8");
    const texts = await Promise.all(view.files.filter((path) => path.startsWith("manifests/")).map(read));
    const objects = texts.flatMap((text) => parseAllDocuments(text).map((one) => one.toJS() as Resource));
    for (const object of objects) expect(parsed(object)).toMatchObject({ ok: true });
    return { view, objects, read };
  };
}

/** An instance as plans show it. */
export function resource(values: object, more: object = {}): object {
  const address = "helm_release.web";
  const provider = "registry.terraform.io/hashicorp/helm";
  return {
    address,
    mode: "managed",
    type: "helm_release",
    provider_name: provider,
    schema_version: 2,
    values,
    ...more,
  };
}

/** A plan of the root module. */
export function plan(...resources: readonly object[]): object {
  return { format_version: "1.2", planned_values: { root_module: { resources } } };
}

/** What releases become that have more arguments than usual, each in a namespace of its own. */
export function planOfEach(all: readonly object[]): object {
  const each = all.map((values, at) =>
    resource({ ...usual, namespace: `n${at}`, ...values }, { address: `helm_release.r${at}` }),
  );
  return plan(...each);
}

/** What became of the releases of `planOfEach`. */
export function eachOf({ view, objects }: Migrated, at: number): MigratedOne {
  const address = `helm_release.r${at}`;
  const release = objects.find(({ kind, metadata }) => kind === "HelmRelease" && metadata.namespace === `n${at}`);
  return {
    spec: (release?.["spec"] ?? {}) as MigratedOne["spec"],
    decisions: view.releases.find((one) => one.address === address)?.decisions ?? [],
    reasons: view.left.find((one) => one.address === address)?.reasons ?? [],
  };
}

/** Everything that is written is served. */
function parsed(object: Resource): unknown {
  return object.kind === "HelmRelease" ? parseHelmRelease(object, vendorSettings) : parseHelmRepository(object);
}
