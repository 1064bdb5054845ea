import { expect, test } from "vitest";
import { settingValues } from "./setting-values.ts";
import { parseSets, usualSets } from "./settings-sets.ts";

function read(data: Record<string, string>) {
  const values = settingValues({ "argocd-cmd-params-cm": data });
  return { settings: parseSets(values, usualSets), problems: values.problems };
}
const key = (name: string) => `applicationsetcontroller.${name}`;

test("sets decide for themselves where nothing is set", () => {
  expect(read({})).toEqual({ settings: usualSets, problems: [] });
});

const policies = [
  { data: { policy: "create-only" }, want: "create-only" },
  { data: { policy: "create-only", "enable.policy.override": "true" }, want: null },
  { data: { "enable.policy.override": "false" }, want: "sync" },
  { data: { policy: "drop" }, want: null },
];
for (const { data, want } of policies) {
  test(`the policy is ${want} with ${JSON.stringify(data)}`, () => {
    const named = Object.fromEntries(Object.entries(data).map(([name, value]) => [key(name), value]));
    expect(read(named).settings.policy).toBe(want);
  });
}

test("lists and switches are read, and what makes no sense is told", () => {
  const { settings, problems } = read({
    [key("namespaces")]: "team-*, /^prod-[0-9]+$/",
    [key("global.preserved.annotations")]: "a, b",
    [key("global.preserved.labels")]: "c",
    [key("allowed.scm.providers")]: "https://git.example",
    [key("enable.scm.providers")]: "false",
    [key("enable.new.git.file.globbing")]: "perhaps",
  });
  expect(settings).toMatchObject({
    namespaces: ["team-*", "/^prod-[0-9]+$/"],
    keptAnnotations: ["a", "b"],
    keptLabels: ["c"],
    services: ["https://git.example"],
    asksServices: false,
    plainStars: false,
  });
  expect(problems.map(({ path }) => path)).toEqual([key("enable.new.git.file.globbing")]);
});
