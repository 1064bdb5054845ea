import { chmod, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import type { Resource } from "#core/resource/resource.ts";
import { eachOf, type MigratedOne, plan, resource, useMigrations, usual } from "./testing/migrations.ts";

const migrate = useMigrations();

/** What becomes of a release with more arguments than usual. */
async function one(values: object, more: object = {}): Promise<MigratedOne> {
  const first = { address: "helm_release.r0", ...more };
  return eachOf(await migrate(plan(resource({ ...usual, namespace: "n0", ...values }, first))), 0);
}

describe("charts", () => {
  test.each([
    {
      name: "a registry in repository",
      values: { repository: "oci://registry.example.com/charts/", chart: "team/web" },
      source: { type: "oci", url: "oci://registry.example.com/charts/team" },
    },
    {
      name: "a registry in chart",
      values: { repository: null, chart: "oci://registry.example.com:5000/charts/web" },
      source: { type: "oci", url: "oci://registry.example.com:5000/charts" },
    },
    {
      name: "a repository with a user in its address",
      values: { repository: "https://ada:pass%20word@charts.example.com/stable/", pass_credentials: true },
      source: {
        url: "https://charts.example.com/stable",
        passCredentials: true,
        secretRef: { name: "charts-example-com-stable-login" },
      },
    },
    {
      name: "certificates",
      values: { repository_ca_file: "/etc/ca.pem" },
      source: { url: "https://charts.example.com", certSecretRef: { name: "charts-example-com-tls" } },
    },
  ])("come from $name", async ({ values, source }) => {
    const { objects, view } = await migrate(plan(resource({ ...usual, ...values })));
    const repository = objects.find(({ kind }) => kind === "HelmRepository");
    expect(repository?.["spec"]).toEqual({ interval: "10m", ...source });
    expect(view.releases).toMatchObject([{ chart: "web", version: "1.0.0" }]);
    expect(JSON.stringify([view, objects])).not.toContain("pass%20word");
  });

  test.each([
    { values: { repository: null, chart: "./charts/web" }, says: "put it into Git" },
    { values: { repository: null, chart: "bitnami/redis" }, says: "aliases of helm repo add" },
    { values: { repository: "stable" }, says: "aliases of helm repo add" },
    { values: { chart: "https://charts.example.com/web-1.0.0.tgz" }, says: "address of a file" },
    { values: { repository: "s3://bucket/charts" }, says: "plugin of Helm" },
    { values: { chart: "oci://registry.example.com/web:1.0.0" }, says: "names a tag" },
    { values: { repository: "https://charts.example.com/?token=hunter2" }, says: "holds a query" },
    { values: { version: null }, says: "version is not told" },
  ])("are refused: $says", async ({ values, says }) => {
    const { reasons } = await one(values);
    const [reason, ...rest] = reasons;
    expect([reason, rest]).toEqual([expect.stringContaining(says), []]);
    expect(reason).not.toContain("hunter2");
  });

  test("have the version that is installed, unless the plan changes it", async () => {
    const installed = { version: "~> 1.0", metadata: [{ version: "1.4.2" }] };
    expect(await one(installed)).toMatchObject({
      spec: { chart: { spec: { version: "1.4.2" } } },
      decisions: [expect.stringContaining('"~> 1.0"')],
    });
    const changed = { address: "helm_release.web", change: { actions: ["update"] } };
    const { view } = await migrate({
      ...plan(resource({ ...usual, version: "2.0.0", metadata: { version: "1.4.2" } })),
      resource_changes: [changed],
    });
    expect(view.releases).toMatchObject([
      { version: "2.0.0", decisions: [expect.stringContaining("apply the plan first")] },
    ]);
  });

  test("of one repository share a HelmRepository, unless they read it in another way", async () => {
    const named = (name: string, values: object = {}) =>
      resource({ ...usual, name, ...values }, { address: `helm_release.${name}` });
    const { view } = await migrate(
      plan(
        named("a"),
        named("b", { repository: "https://charts.example.com/" }),
        named("c", { repository_username: "ada", repository_password: "canary" }),
        named("d", { namespace: "other" }),
      ),
    );
    expect(view.releases.map(({ source }) => source)).toEqual([
      "apps/charts-example-com",
      "apps/charts-example-com",
      "apps/charts-example-com-2",
      "other/charts-example-com",
    ]);
  });
});

describe("secrets", () => {
  const secret = {
    repository_username: "ada",
    repository_password: "canary-1",
    values: ["db: {host: pg, port: 5432}\n", "token: canary-2\n"],
    set: [{ name: "db.name", value: "shop" }],
    set_sensitive: [{ name: "db.password", value: "canary-3" }],
  };
  const marks = { sensitive_values: { values: [false, true], set_sensitive: [{ value: true }] } };

  test("are in no manifest, in no list and in no step; what is to be made is told", async () => {
    const { view, objects, read } = await migrate(plan(resource({ ...usual, ...secret }, marks)));
    expect(`${JSON.stringify([view, objects])}${await read("terraform/removed.tf")}`).not.toContain("canary");
    const release = objects.find(({ kind }) => kind === "HelmRelease");
    expect(release?.["spec"]).toMatchObject({
      valuesFrom: [{ kind: "Secret", name: "web-values" }],
      values: { db: { host: "pg", port: 5432, name: "shop" } },
    });
    expect(view.secrets.map(({ name, keys, file }) => [name, keys.map(({ key }) => key), file])).toEqual([
      ["charts-example-com-login", ["username", "password"], null],
      ["web-values", ["values.yaml"], null],
    ]);
    const [, values] = view.secrets;
    expect(values?.keys[0]?.holds).toContain("db.password, token of helm_release.web");
    expect(values?.command).toBe(
      "kubectl create secret generic web-values --namespace apps --from-file=values.yaml=FILE",
    );
  });

  test("are written apart, for nobody else to read, only when that is asked for", async () => {
    const { view, read } = await migrate(plan(resource({ ...usual, ...secret }, marks)), { withSecrets: true });
    const file = "secrets/apps/web-values.yaml";
    expect(view.files).toEqual(expect.arrayContaining([file, "secrets/.gitignore"]));
    await chmod(join(view.folder, file), 0o644);
    await migrate(plan(resource({ ...usual, ...secret }, marks)), {
      withSecrets: true,
      force: true,
      output: view.folder,
    });
    expect((await stat(join(view.folder, file))).mode & 0o077).toBe(0);
    const [object] = parseAllDocuments(await read(file)).map((one) => one.toJS() as Resource);
    const document = (object as unknown as { stringData: Record<string, string> }).stringData["values.yaml"] ?? "";
    expect(parseAllDocuments(document)[0]?.toJS()).toEqual({ db: { password: "canary-3" }, token: "canary-2" });
    expect(await read("secrets/apps/charts-example-com-login.yaml")).toContain("password: canary-1");
  });

  test("that only Terraform knows are listed and not written", async () => {
    const web = {
      ...usual,
      set_sensitive: { name: "db.password", value: "${var.password}" },
      repository_password: "${var.p}",
    };
    const { view } = await migrate({ resource: { helm_release: { web } } }, { withSecrets: true });
    expect(view.secrets.map(({ name, file }) => [name, file])).toEqual([
      ["charts-example-com-login", null],
      ["web-values", null],
    ]);
    expect(view.files.some((path) => path.startsWith("secrets/"))).toBe(false);
  });

  test("of which an object would tell everybody are refused", async () => {
    const { reasons } = await one({}, { sensitive_values: { namespace: true, repository: true } });
    expect(reasons).toEqual([
      expect.stringContaining("namespace is sensitive"),
      expect.stringContaining("or give its password as repository_password"),
    ]);
  });
});

describe("names and places", () => {
  const other = resource({ ...usual, namespace: "shop" }, { address: "helm_release.other" });

  test("objects of another namespace than the release name its namespace and that of its records", async () => {
    const order = { namespace: "flux-system", interval: "1h" };
    const { objects, view } = await migrate(plan(resource(usual), other), order);
    expect(view.releases.map(({ object }) => object)).toEqual(["flux-system/web", "flux-system/apps-web"]);
    const [release] = objects.filter(({ metadata }) => metadata.name === "apps-web");
    expect(release?.["spec"]).toMatchObject({
      interval: "1h",
      releaseName: "web",
      targetNamespace: "apps",
      storageNamespace: "apps",
    });
    const near = await migrate(plan(resource(usual)));
    expect(JSON.stringify(near.objects)).not.toContain("storageNamespace");
  });

  test("what depends on another release waits for it", async () => {
    const dependent = resource(
      { ...usual, name: "late" },
      { address: "helm_release.z", depends_on: ["helm_release.other"] },
    );
    const { objects } = await migrate(plan(other, dependent));
    const late = objects.find(({ metadata, kind }) => kind === "HelmRelease" && metadata.name === "late");
    expect(late?.["spec"]).toMatchObject({ dependsOn: [{ name: "web", namespace: "shop" }] });
  });

  test("every instance is a release; what Terraform forgets is the resource, or each instance by command", async () => {
    const at = (key: string) =>
      resource({ ...usual, name: key }, { address: `module.m[0].helm_release.web["${key}"]` });
    const { view, read } = await migrate(plan(at("a"), at("b")));
    expect(view.releases.map(({ object }) => object)).toEqual(["apps/a", "apps/b"]);
    const removed = await read("terraform/removed.tf");
    expect(removed).toBe(
      "removed {\n  from = module.m.helm_release.web\n\n  lifecycle {\n    destroy = false\n  }\n}\n",
    );
    expect(view.steps.join("\n")).toContain(`terraform state rm 'module.m[0].helm_release.web["b"]'\n`);
  });

  test("where one instance stays, all of its resource stay", async () => {
    const at = (key: string, more: object = {}) =>
      resource({ ...usual, name: key, ...more }, { address: `helm_release.web["${key}"]` });
    const { view } = await migrate(plan(at("a"), at("b", { verify: true }), other));
    expect(view.releases.map(({ address }) => address)).toEqual(["helm_release.other"]);
    expect(view.left[0]).toEqual({
      address: 'helm_release.web["a"]',
      reasons: ['helm_release.web["b"] stays, and Terraform forgets only whole resources'],
    });
    const only = await migrate(plan(at("a"), at("b"), other), {
      only: ['helm_release.web["a"]', "helm_release.other"],
    });
    expect(only.view.releases.map(({ address }) => address)).toEqual(["helm_release.other"]);
    const module = resource({ ...usual, name: "deep" }, { address: "module.m[1].helm_release.deep" });
    const inside = await migrate(plan(module, other), { only: ["module.m"] });
    expect([inside.view.releases.map(({ object }) => object), inside.view.left]).toEqual([["apps/deep"], []]);
  });

  test("one release is written once", async () => {
    const twice = resource(usual, { address: "helm_release.again" });
    const { view } = await migrate(plan(resource(usual), twice));
    expect(view.left).toEqual([
      { address: "helm_release.web", reasons: ["helm_release.again is the same release apps/web"] },
    ]);
  });

  test("the same plan always becomes the same files, in whatever order it tells", async () => {
    const [one, two] = [await migrate(plan(resource(usual), other)), await migrate(plan(other, resource(usual)))];
    expect(one.view.files).toEqual(two.view.files);
    for (const path of one.view.files) expect(await one.read(path)).toBe(await two.read(path));
  });

  test("a folder that holds something is written over only by force", async () => {
    const { view } = await migrate(plan(resource(usual)));
    const again = (force: boolean) =>
      migrate(plan(resource({ ...usual, timeout: 60 })), { output: view.folder, force });
    await expect(again(false)).rejects.toMatchObject({ exitCode: 5 });
    await again(true);
    expect(await readFile(join(view.folder, "manifests/apps/helmrelease-web.yaml"), "utf8")).toContain("timeout: 60s");
  });
});
