import { describe, expect, test } from "vitest";
import type { Params, SetQuestion } from "#core/app/app-set.ts";
import type { ProviderCall, RemotePull, RemoteRepository } from "#core/app/provider.ts";
import { usualSettings } from "#core/app/settings.ts";
import { usualArgoSettings } from "../settings.ts";
import type { Making } from "./making.ts";
import { decisionParams } from "./decision-generator.ts";
import { pluginParams } from "./plugin-generator.ts";
import { pullParams } from "./pull-generator.ts";
import { scmParams } from "./scm-generator.ts";

const SHA = "0123456789abcdef0123456789abcdef01234567";
type Asked = Extract<SetQuestion, { ask: "provider" }>;

function making(over: Partial<Making> = {}): Making {
  return {
    name: "fleet",
    namespace: "argocd",
    project: "default",
    installation: { ...usualSettings("argocd"), argo: usualArgoSettings },
    style: { goTemplate: false, options: [] },
    lookup: () => null,
    ...over,
  };
}

function repository(name: string, labels: readonly string[] = []): RemoteRepository {
  const organization = "acme";
  const place = { organization, name, id: "7", ssh: `git@example:${name}`, https: `https://example/${name}` };
  return { ...place, defaultBranch: "main", labels, isArchived: name === "old" };
}

/** Answers of an account with three repositories; `web` has a second branch and a file. */
function answer(call: ProviderCall): unknown {
  switch (call.get) {
    case "repositories":
      return [repository("web", ["prod"]), repository("old"), repository("db", ["test"])];
    case "branches": {
      const main = { name: "main", sha: SHA };
      return call.all && call.repository.name === "web" ? [main, { name: "feature/X", sha: SHA }] : [main];
    }
    case "path":
      return call.repository.name === "web" && call.path === "Chart.yaml";
    case "pulls":
      return call.repository === "none"
        ? null
        : [
            pull("12", "feature/a", ["preview"]),
            pull("3", `Füße/${"long-".repeat(12)}`, []),
            pull("5", "fix", ["preview", "x"]),
          ];
  }
}

function pull(number: string, branch: string, labels: readonly string[]): RemotePull {
  return {
    number,
    title: `T${number}`,
    branch,
    targetBranch: number === "5" ? "release" : "main",
    sha: SHA,
    author: "ada",
    labels,
  };
}

function run(work: ReturnType<typeof scmParams>): { sets: readonly Params[]; asked: readonly Asked[] } {
  const asked: Asked[] = [];
  let step = work.next();
  while (!step.done) {
    asked.push(step.value as Asked);
    step = work.next(answer((step.value as Asked).call));
  }
  return { sets: step.value, asked };
}

describe("the SCM provider generator", () => {
  const github = { organization: "acme", tokenRef: { secretName: "token", key: "t" } };
  const names = (fields: Parameters<typeof scmParams>[0]) =>
    run(scmParams(fields, making())).sets.map((set) => `${String(set["repository"])}@${String(set["branch"])}`);

  test("makes parameters of each repository's default branch", () => {
    const { sets, asked } = run(
      scmParams({ github, requeueAfterSeconds: 60, values: { x: "{{repository}}!" } }, making()),
    );
    expect(sets.map((set) => set["repository"])).toEqual(["db", "old", "web"]);
    expect(sets[2]).toEqual({
      organization: "acme",
      repository: "web",
      repository_id: "7",
      url: "git@example:web",
      branch: "main",
      branchNormalized: "main",
      sha: SHA,
      short_sha: "01234567",
      short_sha_7: "0123456",
      labels: "prod",
      "values.x": "web!",
    });
    expect(asked[0]).toMatchObject({
      everyMs: 60_000,
      address: {
        provider: "github",
        owner: "acme",
        credential: { user: "", secret: { namespace: "argocd", name: "token", key: "t" } },
      },
    });
  });

  test("asks as an app whose data a Secret of its namespace holds", () => {
    const { asked } = run(scmParams({ github: { ...github, appSecretName: "app" } }, making()));
    expect(asked[0]?.address.credential).toEqual({ app: { namespace: "argocd", name: "app" } });
  });

  test("takes every branch, and leaves archived repositories out, where asked to", () => {
    expect(names({ github: { ...github, allBranches: true, excludeArchivedRepos: true } })).toEqual([
      "db@main",
      "web@main",
      "web@feature/X",
    ]);
  });

  const filters = [
    { name: "by name", filters: [{ repositoryMatch: "^w" }], want: ["web@main", "web@feature/X"] },
    { name: "by label", filters: [{ labelMatch: "test|none" }], want: ["db@main"] },
    { name: "by branch", filters: [{ branchMatch: "^feature/" }], want: ["web@feature/X"] },
    { name: "by a path", filters: [{ pathsExist: ["Chart.yaml"], branchMatch: "main" }], want: ["web@main"] },
    {
      name: "by a path that is not there",
      filters: [{ pathsDoNotExist: ["Chart.yaml"] }],
      want: ["db@main", "old@main"],
    },
    {
      name: "by one of several",
      filters: [{ repositoryMatch: "db" }, { repositoryMatch: "old" }],
      want: ["db@main", "old@main"],
    },
  ];
  for (const { name, filters: given, want } of filters) {
    test(`filters ${name}`, () => {
      expect(names({ github: { ...github, allBranches: true }, filters: given })).toEqual(want);
    });
  }

  test("names repositories by the protocol that is asked for", () => {
    const url = (cloneProtocol: string) => run(scmParams({ github, cloneProtocol }, making())).sets[0]?.["url"];
    expect([url("https"), url("ssh")]).toEqual(["https://example/db", "git@example:db"]);
    expect(() => url("ftp")).toThrow("unknown clone protocol for github: ftp");
  });

  test("asks CodeCommit in a region and as a role, for repositories by their tags", () => {
    const tagFilters = [{ key: "team", value: "shop" }, { key: "deployed" }, { key: "team", value: "web" }];
    const written = { role: "arn", region: "eu-west-1", tagFilters, allBranches: true };
    const { sets, asked } = run(scmParams({ awsCodeCommit: written }, making()));
    expect(asked[0]).toMatchObject({
      address: { provider: "awsCodeCommit", credential: { role: "arn", region: "eu-west-1" } },
      call: {
        tags: [
          { key: "team", values: ["shop", "web"] },
          { key: "deployed", values: [] },
        ],
      },
    });
    expect(sets.map(({ url, branch }) => [url, branch])).toContainEqual(["git@example:web", "feature/X"]);
    expect(run(scmParams({ awsCodeCommit: {} }, making())).asked[0]?.address.credential).toEqual({
      role: "",
      region: "",
    });
  });

  test("names repositories of CodeCommit by their FIPS addresses where asked to", () => {
    const fields = { awsCodeCommit: {}, cloneProtocol: "https-fips" };
    const at = (https: string) => {
      const work = scmParams(fields, making());
      work.next();
      work.next([{ ...repository("web"), https }]);
      const { value } = work.next([{ name: "main", sha: "" }]);
      return (value as readonly Params[])[0];
    };
    const usual = "git-codecommit.eu-west-1.amazonaws.com/v1/repos/web";
    const fips = `https://${usual.replace("codecommit", "codecommit-fips")}`;
    expect(at(`https://${usual}`)).toMatchObject({ url: fips, sha: "", short_sha: "" });
    expect(at(fips)).toMatchObject({ url: fips });
    expect(() => at("https://else.example/web")).toThrow("no FIPS address is known for https://else.example/web");
    expect(() => run(scmParams({ github, cloneProtocol: "https-fips" }, making()))).toThrow(
      "unknown clone protocol for github: https-fips",
    );
  });

  const refusals = [
    { name: "no service", fields: {}, want: "no SCM provider implementation configured" },
    {
      name: "a bad expression",
      fields: { github, filters: [{ repositoryMatch: "(" }] },
      want: "error compiling RepositoryMatch regexp",
    },
  ];
  for (const { name, fields, want } of refusals) {
    test(`refuses ${name}`, () => {
      expect(() => run(scmParams(fields, making()))).toThrow(want);
    });
  }

  test("asks only where the installation lets sets ask", () => {
    const asked = (api: string | undefined, sets: Partial<typeof usualArgoSettings.sets>) => {
      const argo = { ...usualArgoSettings, sets: { ...usualArgoSettings.sets, ...sets } };
      const installation = { ...usualSettings("argocd"), argo };
      return run(scmParams({ github: { ...github, ...(api && { api }) } }, making({ installation }))).sets.length;
    };
    const services = ["https://git.example"];
    expect([asked("https://git.example", { services }), asked(undefined, { services })]).toEqual([3, 3]);
    expect(() => asked("https://else.example", { services })).toThrow(
      'scm provider not allowed: "https://else.example" must be one of the following: https://git.example',
    );
    expect(() => asked(undefined, { asksServices: false })).toThrow("scm providers are disabled");
  });

  test("is not for sets of other namespaces, whose addresses nobody vouches for", () => {
    expect(() => run(scmParams({ github }, making({ namespace: "team" })))).toThrow("in the namespace argocd only");
  });
});

describe("the pull request generator", () => {
  const github = { owner: "acme", repo: "web" };

  test("makes parameters of each request, lists of labels only for Go's templates", () => {
    const { sets } = run(pullParams({ github }, making()));
    expect(sets.map((set) => set["number"])).toEqual(["3", "5", "12"]);
    expect(sets[2]).toEqual({
      number: "12",
      title: "T12",
      branch: "feature/a",
      branch_slug: "feature-a",
      target_branch: "main",
      target_branch_slug: "main",
      head_sha: SHA,
      head_short_sha: "01234567",
      head_short_sha_7: "0123456",
      author: "ada",
    });
    expect(sets[0]?.["branch_slug"]).toBe("fusse-long-long-long-long-long-long-long-long-long");
    const go = run(pullParams({ github }, making({ style: { goTemplate: true, options: [] } })));
    expect(go.sets[2]?.["labels"]).toEqual(["preview"]);
  });

  const filters = [
    { name: "labels, all of them", fields: { github: { ...github, labels: ["preview", "x"] } }, want: ["5"] },
    { name: "branch and title", fields: { github, filters: [{ branchMatch: "f", titleMatch: "T1" }] }, want: ["12"] },
    {
      name: "target or title",
      fields: { github, filters: [{ targetBranchMatch: "release" }, { titleMatch: "^T3$" }] },
      want: ["3", "5"],
    },
  ];
  for (const { name, fields, want } of filters) {
    test(`filters by ${name}`, () => {
      expect(run(pullParams(fields, making())).sets.map((set) => set["number"])).toEqual(want);
    });
  }

  test("a repository that is not there is an error, unless it may be missing", () => {
    const gone = { owner: "acme", repo: "none" };
    expect(() => run(pullParams({ github: gone }, making()))).toThrow("none was not found");
    expect(run(pullParams({ github: gone, continueOnRepoNotFoundError: true }, making())).sets).toEqual([]);
  });

  test("knows each service's own words", () => {
    const basicAuth = { username: "ada", passwordRef: { secretName: "s", key: "k" } };
    const asked = (fields: Parameters<typeof pullParams>[0]) => run(pullParams(fields, making())).asked[0];
    expect(asked({ gitlab: { project: "acme/web", pullRequestState: "opened" } })).toMatchObject({
      call: { repository: "acme/web", state: "opened" },
    });
    expect(asked({ bitbucketServer: { project: "ACME", repo: "web", api: "https://x", basicAuth } })).toMatchObject({
      address: { provider: "bitbucketServer", owner: "ACME", credential: { user: "ada" } },
    });
    expect(asked({ azuredevops: { organization: "acme", project: "team", repo: "web" } })).toMatchObject({
      address: { provider: "azureDevOps", owner: "acme", project: "team" },
      everyMs: 1_800_000,
    });
  });
});

describe("generators that ask what a ConfigMap names", () => {
  const answers = (config: Record<string, string>, other: unknown) => (question: SetQuestion) =>
    question.ask === "config" ? config : other;
  const all = (work: ReturnType<typeof pluginParams>, answer: (question: SetQuestion) => unknown) => {
    let step = work.next();
    while (!step.done) step = work.next(answer(step.value));
    return step.value;
  };
  const plugin = { configMapRef: { name: "p" }, values: { v: "{{size}}" } };
  const config = { baseUrl: "https://x/", token: "$s:t" };

  test("flatten what a plugin answers where templates are not Go's", () => {
    const output = { output: { parameters: [{ size: 3, deep: { a: "b" } }] } };
    const input = { parameters: { tier: "web" } };
    expect(all(pluginParams({ ...plugin, input }, making()), answers(config, output))).toEqual([
      { size: "3", "deep.a": "b", "generator.input.parameters.tier": "web", "values.v": "3" },
    ]);
  });

  const refusals = [
    { name: "no address", config: { token: "$s:t" }, other: {}, want: "baseUrl and token are required" },
    {
      name: "a token that is written out",
      config: { ...config, token: "secret" },
      other: {},
      want: "names no entry of a Secret",
    },
    {
      name: "an answer without a list",
      config,
      other: { output: { parameters: {} } },
      want: "no list output.parameters",
    },
    {
      name: "an answer that lists texts",
      config,
      other: { output: { parameters: ["a"] } },
      want: "lists what is no object",
    },
  ];
  for (const { name, config: given, other, want } of refusals) {
    test(`refuse a plugin with ${name}`, () => {
      expect(() => all(pluginParams(plugin, making()), answers(given as Record<string, string>, other))).toThrow(want);
    });
  }

  const duck = { apiVersion: "a/v1", kind: "ducks", statusListKey: "decisions", matchKey: "clusterName" };
  const object = (name: string, clusterName: string) => ({
    apiVersion: "a/v1",
    kind: "Duck",
    metadata: { name, namespace: "argocd", labels: { pond: name } },
    status: { decisions: [{ clusterName, reason: "near", weight: 3 }] },
  });
  const ducks = [object("one", "in-cluster"), object("two", "moon")];

  test("take the clusters that an object's status names, by name or by label", () => {
    const want = [
      { clusterName: "in-cluster", reason: "near", name: "in-cluster", server: "https://kubernetes.default.svc" },
    ];
    const made = (more: object) => all(decisionParams({ configMapRef: "d", ...more }, making()), answers(duck, ducks));
    expect(made({ name: "one" })).toEqual(want);
    expect(made({ labelSelector: { matchLabels: { pond: "one" } } })).toEqual(want);
    expect(made({ name: "none" })).toEqual([]);
    expect(() => made({ name: "two" })).toThrow('there is no cluster "moon"');
    expect(() => made({})).toThrow("either a name or a labelSelector");
  });
});
