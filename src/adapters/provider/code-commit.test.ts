import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CloudRole, ProviderAddress, ProviderCall, RemoteRepository } from "#core/app/provider.ts";
import { type CloudAnswer, type CloudRequest, type Clouds, startClouds } from "#test/support/clouds.ts";
import { CloudTokens } from "../cloud/cloud-tokens.ts";
import { ProviderReaders } from "./provider-reader.ts";

const { signal } = new AbortController();
const region = "eu-central-1";
const role = "arn:aws:iam::123456789012:role/reader";
const main = { name: "main", sha: "" };

let clouds: Clouds;
let tokens: CloudTokens;
let readers: ProviderReaders;
let answer: (asked: CloudRequest & { readonly operation: string; readonly json: never }) => CloudAnswer;

beforeEach(async () => {
  clouds = await startClouds((asked) => {
    if (asked.host.startsWith("sts.")) return assumed();
    return answer({ ...asked, operation: operationOf(asked), json: JSON.parse(asked.body) as never });
  });
  for (const name of Object.keys(process.env)) if (name.startsWith("AWS_")) vi.stubEnv(name, undefined);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "AKIAOWN");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "canary-key");
  for (const name of ["https_proxy", "HTTPS_PROXY"]) vi.stubEnv(name, clouds.proxy);
  for (const name of ["no_proxy", "NO_PROXY"]) vi.stubEnv(name, "");
  tokens = new CloudTokens({ now: () => Date.now() });
  const appTokens = { token: () => Promise.reject(new Error("no app asks")) };
  readers = new ProviderReaders({ appTokens, roleKeys: tokens });
});
afterEach(async () => {
  await readers.close();
  tokens.close();
  await clouds.stop();
  vi.unstubAllEnvs();
});

function read(call: ProviderCall, credential: CloudRole = { region, role: "" }): Promise<unknown> {
  const none = { api: "", owner: "", project: "", ca: null, insecure: false };
  const address: ProviderAddress = { ...none, provider: "awsCodeCommit", credential };
  return readers.read({ address, call, secret: "", app: null, ca: "" }, signal);
}

function listing(tags: Extract<ProviderCall, { get: "repositories" }>["tags"] = []): ProviderCall {
  return { get: "repositories", subgroups: false, shared: true, topic: "", tags };
}

function operationOf({ headers }: CloudRequest): string {
  return String(headers["x-amz-target"]);
}

function repositoryRow(repositoryName: string): object {
  return {
    repositoryMetadata: {
      accountId: "123456789012",
      repositoryId: `id-${repositoryName}`,
      repositoryName,
      cloneUrlHttp: `https://git-codecommit.${region}.amazonaws.com/v1/repos/${repositoryName}`,
      cloneUrlSsh: `ssh://git-codecommit.${region}.amazonaws.com/v1/repos/${repositoryName}`,
      ...(repositoryName !== "empty" && { defaultBranch: "main" }),
    },
  };
}

function repository(name: string): RemoteRepository {
  return {
    organization: "123456789012",
    name,
    id: `id-${name}`,
    ssh: `ssh://git-codecommit.${region}.amazonaws.com/v1/repos/${name}`,
    https: `https://git-codecommit.${region}.amazonaws.com/v1/repos/${name}`,
    defaultBranch: "main",
    labels: [],
    isArchived: false,
  };
}

function assumed(): CloudAnswer {
  const ends = new Date(Date.now() + 3_600_000).toISOString();
  return {
    body: `<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult><Credentials>
      <AccessKeyId>ASIALENT</AccessKeyId><SecretAccessKey>lent-key</SecretAccessKey><SessionToken>lent</SessionToken>
      <Expiration>${ends}</Expiration></Credentials></AssumeRoleResult></AssumeRoleResponse>`,
  };
}

test("lists repositories of all pages that something was pushed to, asked for with signed requests", async () => {
  answer = ({ operation, json }) => {
    const { nextToken, repositoryName } = json as { nextToken?: string; repositoryName: string };
    if (operation.endsWith(".GetRepository")) return { body: repositoryRow(repositoryName) };
    const names = nextToken === "2" ? ["empty", "db"] : ["web"];
    return {
      body: { repositories: names.map((name) => ({ repositoryName: name })), ...(!nextToken && { nextToken: "2" }) },
    };
  };
  expect(await read(listing())).toEqual([repository("web"), repository("db")]);
  expect(clouds.requests.map((asked) => [operationOf(asked), asked.body])).toEqual([
    ["CodeCommit_20150413.ListRepositories", "{}"],
    ["CodeCommit_20150413.ListRepositories", '{"nextToken":"2"}'],
    ...["web", "empty", "db"].map((name) => ["CodeCommit_20150413.GetRepository", `{"repositoryName":"${name}"}`]),
  ]);
  const [first] = clouds.requests;
  expect(first).toMatchObject({ method: "POST", host: `codecommit.${region}.amazonaws.com`, path: "/" });
  expect(first?.headers["content-type"]).toBe("application/x-amz-json-1.1");
  expect(first?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIAOWN\/\d{8}\/eu-central-1\/codecommit\/aws4_request,SignedHeaders=content-type;host;/,
  );
});

test("finds repositories by tags, in the region of the environment and as a role, whose keys are kept", async () => {
  vi.stubEnv("AWS_REGION", "us-east-1");
  answer = ({ operation, json }) => {
    if (operation.endsWith(".GetRepository")) return { body: repositoryRow(json["repositoryName"]) };
    const ResourceARN = "arn:aws:codecommit:us-east-1:123456789012:web";
    return { body: { ResourceTagMappingList: [{ ResourceARN }], PaginationToken: "" } };
  };
  const tags = [
    { key: "team", values: ["shop", "web"] },
    { key: "deployed", values: [] },
  ];
  expect(await read(listing(tags), { region: "", role })).toEqual([repository("web")]);
  const [sts, resources, one] = clouds.requests;
  expect(sts?.host).toBe("sts.us-east-1.amazonaws.com");
  expect(new URLSearchParams(sts?.body).get("RoleArn")).toBe(role);
  expect(resources?.host).toBe("tagging.us-east-1.amazonaws.com");
  expect(operationOf(resources!)).toBe("ResourceGroupsTaggingAPI_20170126.GetResources");
  expect(JSON.parse(resources!.body)).toEqual({
    ResourceTypeFilters: ["codecommit:repository"],
    TagFilters: [{ Key: "team", Values: ["shop", "web"] }, { Key: "deployed" }],
  });
  expect(resources?.headers).toMatchObject({
    authorization: expect.stringMatching(/Credential=ASIALENT\/\d{8}\/us-east-1\/tagging\//) as string,
    "x-amz-security-token": "lent",
  });
  expect(one?.headers.authorization).toMatch(/\/us-east-1\/codecommit\//);
  await read(listing(tags), { region: "", role });
  expect(clouds.requests.filter(({ host }) => host.startsWith("sts."))).toHaveLength(1);
});

test("knows the default branch without asking, and asks for all pages of the others", async () => {
  answer = ({ json }) => {
    return { body: json["nextToken"] ? { branches: ["next"] } : { branches: ["main"], nextToken: "2" } };
  };
  expect(await read({ get: "branches", repository: repository("web"), all: false })).toEqual([main]);
  expect(clouds.requests).toEqual([]);
  const all = await read({ get: "branches", repository: repository("web"), all: true });
  expect(all).toEqual([main, { name: "next", sha: "" }]);
  expect(clouds.requests.map(({ body }) => body)).toEqual([
    '{"repositoryName":"web"}',
    '{"repositoryName":"web","nextToken":"2"}',
  ]);
});

const folder = {
  files: [{ relativePath: "app.yaml", absolutePath: "deploy/app.yaml" }],
  subFolders: [{ relativePath: "base" }],
  symbolicLinks: [{ relativePath: "link" }],
  subModules: [{ relativePath: "lib" }],
};
const paths = [
  ...["app.yaml", "base/", "link", "lib"].map((name) => ({ path: `deploy/${name}`, has: true, asks: "/deploy" })),
  { path: "/deploy/none.yaml", has: false, asks: "/deploy" },
  { path: "app.yaml", has: true, asks: "/" },
  { path: "gone/app.yaml", has: false, asks: "/gone" },
  { path: ".", has: true, asks: null },
];
describe("a path of a branch", () => {
  for (const { path, has, asks } of paths) {
    test(`${has ? "is found" : "is not found"}: ${path}`, async () => {
      answer = ({ json }) => {
        if (json["folderPath"] !== "/gone") return { body: folder };
        return { status: 400, body: { __type: "com.amazonaws.codecommit#FolderDoesNotExistException" } };
      };
      expect(await read({ get: "path", repository: repository("web"), branch: main, path })).toBe(has);
      expect(clouds.requests.map(({ body }) => JSON.parse(body) as unknown)).toEqual(
        asks === null ? [] : [{ repositoryName: "web", commitSpecifier: "main", folderPath: asks }],
      );
    });
  }
});

test("asks again when the service is busy", async () => {
  const answers: CloudAnswer[] = [
    { status: 400, body: { __type: "ThrottlingException", message: "Rate exceeded" } },
    { body: { repositories: [] } },
  ];
  answer = () => answers.shift()!;
  expect(await read(listing())).toEqual([]);
  expect(clouds.requests).toHaveLength(2);
});

const refusals = [
  {
    name: "a refusal, with what the service says of it and no key",
    answer: { status: 400, body: { __type: "AccessDeniedException", Message: "canary-key may not" } },
    says: `Cannot ask codecommit.${region}.amazonaws.com for ListRepositories: the service answers 400 (AccessDeniedException: … may not)`,
  },
  {
    name: "an answer that is no JSON",
    answer: { body: "<html>" },
    says: `Cannot ask codecommit.${region}.amazonaws.com for ListRepositories: its answer is too large, or no JSON`,
  },
];
for (const refusal of refusals) {
  test(`fails with ${refusal.name}`, async () => {
    answer = () => refusal.answer;
    await expect(read(listing())).rejects.toThrow(refusal.says);
    expect(clouds.requests).toHaveLength(1);
  });
}

test("needs a region that can be one, and a role that can be one, before anything is asked", async () => {
  const asked = (credential: CloudRole) => read(listing(), credential);
  await expect(asked({ region: "", role: "" })).rejects.toThrow(
    "Cannot ask AWS CodeCommit: no region is named; name one in awsCodeCommit.region, or in AWS_REGION",
  );
  await expect(asked({ region: "evil.example/", role: "" })).rejects.toThrow('"evil.example/" is no region');
  await expect(asked({ region, role: "reader" })).rejects.toThrow('take the role "reader": it is no ARN of a role');
  expect(clouds.requests).toEqual([]);
});
