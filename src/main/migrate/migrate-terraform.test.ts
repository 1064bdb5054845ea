import { beforeAll, describe, expect, test } from "vitest";
import {
  eachOf,
  type Migrated,
  type MigratedOne,
  plan,
  planOfEach,
  resource,
  useMigrations,
  usual,
} from "./testing/migrations.ts";

const migrate = useMigrations();

/** What becomes of a release with more arguments than usual. */
async function one(values: object, more: object = {}): Promise<MigratedOne> {
  const first = { address: "helm_release.r0", ...more };
  return eachOf(await migrate(plan(resource({ ...usual, namespace: "n0", ...values }, first))), 0);
}

const action = { disableWaitForJobs: true, disableTakeOwnership: true };
const waits = { disableWaitForJobs: true };
const undo = { remediation: { remediateLastFailure: true } };
const fields: readonly { name: string; values: object; spec: object }[] = [
  {
    name: "nothing but what is needed",
    values: {},
    spec: { releaseName: "web", maxHistory: 0, install: action, upgrade: action, rollback: waits },
  },
  { name: "timeout", values: { timeout: 900 }, spec: { timeout: "900s" } },
  { name: "max_history", values: { max_history: 7 }, spec: { maxHistory: 7 } },
  {
    name: "wait = false",
    values: { wait: false },
    spec: {
      install: { ...action, disableWait: true },
      rollback: { ...waits, disableWait: true },
      uninstall: { disableWait: true },
    },
  },
  { name: "wait_for_jobs", values: { wait_for_jobs: true }, spec: { install: { disableTakeOwnership: true } } },
  {
    name: "disable_webhooks",
    values: { disable_webhooks: true },
    spec: { upgrade: { ...action, disableHooks: true }, uninstall: { disableHooks: true } },
  },
  {
    name: "atomic, which waits",
    values: { atomic: true, wait: false },
    spec: { install: { ...action, ...undo }, upgrade: { ...action, ...undo }, rollback: waits },
  },
  { name: "cleanup_on_fail", values: { cleanup_on_fail: true }, spec: { upgrade: { ...action, cleanupOnFail: true } } },
  { name: "force_update", values: { force_update: true }, spec: { upgrade: { ...action, force: true } } },
  { name: "replace", values: { replace: true }, spec: { install: { ...action, replace: true } } },
  { name: "take_ownership", values: { take_ownership: true }, spec: { install: waits, upgrade: waits } },
  {
    name: "create_namespace",
    values: { create_namespace: true },
    spec: { install: { ...action, createNamespace: true } },
  },
  {
    name: "skip_crds",
    values: { skip_crds: true },
    spec: { install: { ...action, crds: "Skip" }, upgrade: { ...action, crds: "Skip" } },
  },
  {
    name: "disable_openapi_validation",
    values: { disable_openapi_validation: true },
    spec: { install: { ...action, disableOpenAPIValidation: true } },
  },
  { name: "reuse_values", values: { reuse_values: true }, spec: { upgrade: { ...action, preserveValues: true } } },
  {
    name: "reset_values over reuse_values",
    values: { reuse_values: true, reset_values: true },
    spec: { upgrade: action },
  },
  {
    name: "values, set and set_list in the provider's order, with Helm's types",
    values: {
      values: ["a: {b: 1, c: 2}\nlist: [x]\n", null, "", "a: {c: 3}\n"],
      set: [
        { name: "a.b", value: "true" },
        { name: "text", value: "true", type: "string" },
        { name: "x\\.y/z", value: "0123", type: "auto" },
        { name: "gone", value: "null" },
      ],
      set_list: [{ name: "list", value: ["1", "two"] }],
    },
    spec: { values: { a: { b: true, c: 3 }, list: [1, "two"], text: "true", "x.y/z": "0123", gone: null } },
  },
  {
    name: "set of the type literal, which replaces a key at the top",
    values: { values: ["a: {b: 1}\n"], set: [{ name: "a", value: "{c: [1, two]}", type: "literal" }] },
    spec: { values: { a: { c: [1, "two"] } } },
  },
];
describe("a HelmRelease says", () => {
  let migrated: Migrated;
  beforeAll(async () => {
    migrated = await migrate(planOfEach(fields.map(({ values }) => values)));
  });

  test.each(fields.map((one, at) => ({ ...one, at })))("$name", ({ spec, at }) => {
    const written = eachOf(migrated, at).spec;
    for (const [field, value] of Object.entries(spec)) expect([field, written[field]]).toEqual([field, value]);
  });
});

describe("arguments that cannot be expressed", () => {
  test.each([
    { values: { postrender: { binary_path: "./kustomize.sh" } }, name: "postrender" },
    { values: { postrender: [{ binary_path: "./kustomize.sh", args: [] }] }, name: "postrender" },
    { values: { verify: true, keyring: "/keys/ring.gpg" }, name: "verify" },
    { values: { set_wo_revision: 1 }, name: "set_wo_revision" },
    { values: { teleport: true }, name: "teleport" },
  ])("are refused by name: $name", async ({ values, name }) => {
    expect((await one(values)).reasons).toEqual([expect.stringContaining(`${name}: `)]);
    const { view } = await migrate(plan(resource({ ...usual, ...values })), { drop: [name] });
    expect(view.releases).toMatchObject([
      { decisions: [expect.stringContaining(`${name} is left out, as you asked`)] },
    ]);
  });

  test.each([
    ["lint", true],
    ["description", "by Terraform"],
    ["recreate_pods", true],
    ["disable_crd_hooks", true],
    ["dependency_update", true],
    ["force_update", true],
    ["reuse_values", true],
    ["timeouts", { create: "5m" }],
    ["create_namespace", true],
  ])("are listed: %s", async (name, value) => {
    const { decisions } = await one({ [name]: value });
    expect(decisions).toEqual([expect.stringMatching(new RegExp(`^${name} `))]);
  });

  test("are not listed where they say nothing", async () => {
    const silent = {
      lint: false,
      description: "",
      postrender: [],
      timeouts: null,
      verify: false,
      keyring: "/x",
      teleport: null,
    };
    const computed = { id: "web", status: "deployed", manifest: "{}", resources: {}, render_subchart_notes: true };
    expect((await one({ ...silent, ...computed, devel: true, upgrade_install: true })).decisions).toEqual([]);
  });

  test("and cannot be dropped when they can be expressed", async () => {
    const dropping = migrate(plan(resource(usual)), { drop: ["timeout"] });
    await expect(dropping).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining("timeout") as string,
    });
  });

  test("what is known only later is refused, where it is no secret", async () => {
    const unknown = {
      values: [true],
      namespace: true,
      set: [{ value: true }],
      metadata: true,
      set_sensitive: [{ value: true }],
    };
    const { view } = await migrate({
      ...plan(resource({ ...usual, values: [null], set: [{ name: "a" }], set_sensitive: [{ name: "b" }] })),
      resource_changes: [{ address: "helm_release.web", change: { actions: ["update"], after_unknown: unknown } }],
    });
    expect(view.left.flatMap(({ reasons }) => reasons.map((reason) => reason.split(" ")[0]))).toEqual([
      "namespace",
      "values[0]",
      "set[0]",
    ]);
  });

  test("values that are none are refused without being told", async () => {
    const [text] = (await one({ values: ["- hunter2\n"] })).reasons;
    expect(text).toContain("values[0]");
    const [path] = (await one({ values: ["a: text\n"], set: [{ name: "a.b", value: "hunter2" }] })).reasons;
    expect(path).toContain("set[0]");
    expect(`${text}${path}`).not.toContain("hunter2");
  });

  test("a whole number that templates would print in another way is told", async () => {
    expect((await one({ set: [{ name: "account", value: "123456789012" }] })).decisions).toEqual([
      expect.stringContaining("set[0] is a whole number"),
    ]);
    const { read } = await migrate(plan(resource({ ...usual, set: [{ name: "n", value: "9007199254740993" }] })));
    expect(await read("manifests/apps/helmrelease-web.yaml")).toContain('n": 9007199254740993\n');
    const same = { values: ["account: 123456789012\n"], set: [{ name: "a", value: "123456789012", type: "string" }] };
    expect((await one(same)).decisions).toEqual([]);
  });
});
