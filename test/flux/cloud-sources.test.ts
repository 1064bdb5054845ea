import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { cloudCertificate } from "../support/cloud-certificate.ts";
import { type CloudAnswer, type CloudRequest, type Clouds, startClouds } from "../support/clouds.ts";
import { type OciRegistry, startOciRegistry } from "../support/oci-registry.ts";
import { configMap, type Space, useFluxWorld } from "./flux-world.ts";

const SOURCE = "source.toolkit.fluxcd.io/v1";
const ecr = "123456789012.dkr.ecr.eu-central-1.amazonaws.com";
const user = { username: "AWS", password: "canary-of-ecr" };
const annotations = {
  "eks.amazonaws.com/role-arn": "arn:aws:iam::123456789012:role/reader",
  "azure.workload.identity/client-id": "client",
  "azure.workload.identity/tenant-id": "tenant",
};
const world = useFluxWorld();
let registry: OciRegistry;
let clouds: Clouds;
let tokens: string[];

beforeAll(async () => {
  registry = await startOciRegistry({ basic: user });
  const hosts = {
    [ecr]: `http://${registry.host}`,
    "dev.azure.com": world()
      .git.url("")
      .replace(/\/[^/]*$/, ""),
  };
  clouds = await startClouds(answer, hosts);
});
afterAll(async () => {
  await clouds?.stop();
  await registry?.stop();
});
beforeEach(() => {
  tokens = [];
});

/** The token services of the clouds, which note what they were shown. */
function answer({ host, path, body }: CloudRequest): CloudAnswer {
  const form = new URLSearchParams(body);
  const shown = form.get("WebIdentityToken") ?? form.get("client_assertion");
  if (shown !== null) tokens.push(shown);
  const hourMs = 3_600_000;
  if (host.startsWith("sts.")) {
    const ends = new Date(Date.now() + hourMs).toISOString();
    const credentials = `<AccessKeyId>AKIA</AccessKeyId><SecretAccessKey>canary-key</SecretAccessKey><SessionToken>canary-session</SessionToken><Expiration>${ends}</Expiration>`;
    const result = `<AssumeRoleWithWebIdentityResult><Credentials>${credentials}</Credentials></AssumeRoleWithWebIdentityResult>`;
    const space = "https://sts.amazonaws.com/doc/2011-06-15/";
    return {
      body: `<AssumeRoleWithWebIdentityResponse xmlns="${space}">${result}</AssumeRoleWithWebIdentityResponse>`,
    };
  }
  if (host.startsWith("api.ecr.")) {
    const authorizationToken = Buffer.from(`${user.username}:${user.password}`).toString("base64");
    return { body: { authorizationData: [{ authorizationToken, expiresAt: (Date.now() + hourMs) / 1_000 }] } };
  }
  const issuer = "https://login.microsoftonline.com/tenant";
  if (path.includes("/oauth2/v2.0/token")) {
    return { body: { token_type: "Bearer", expires_in: 3_600, access_token: "canary-of-azure" } };
  }
  if (path.includes("/discovery/instance")) {
    const aliases = ["login.microsoftonline.com"];
    const metadata = [{ preferred_network: aliases[0], preferred_cache: aliases[0], aliases }];
    return { body: { tenant_discovery_endpoint: `${issuer}/v2.0/.well-known/openid-configuration`, metadata } };
  }
  return {
    body: {
      issuer: `${issuer}/v2.0`,
      authorization_endpoint: `${issuer}/oauth2/v2.0/authorize`,
      token_endpoint: `${issuer}/oauth2/v2.0/token`,
      jwks_uri: `${issuer}/discovery/v2.0/keys`,
    },
  };
}

/** A namespace with an account that the clouds know, and a Secret with the way to them. */
async function spaceOf(name: string): Promise<Space> {
  const space = await world().space(name);
  const metadata = (of: string) => ({ name: of, namespace: name });
  await world().apply({ apiVersion: "v1", kind: "ServiceAccount", metadata: { ...metadata("reader"), annotations } });
  const secret = { apiVersion: "v1", kind: "Secret" };
  await world().apply({ ...secret, metadata: metadata("way"), stringData: { address: clouds.proxy } });
  await world().apply({ ...secret, metadata: metadata("trust"), stringData: { "ca.crt": cloudCertificate.cert } });
  return space;
}

/** Whom the tokens that were shown are of and for. */
function claims(): readonly object[] {
  return tokens.map((token) => {
    const { sub, aud } = JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()) as {
      sub: string;
      aud: readonly string[];
    };
    return { sub, aud };
  });
}

/** Everything that a person sees of a source. */
async function told(space: Space, kind: string): Promise<string> {
  const ref = space.at(SOURCE, kind, space.name);
  return JSON.stringify([await world().get(ref), await world().events({ ...ref, namespace: space.name })]);
}

const identity = { serviceAccountName: "reader", proxySecretRef: { name: "way" } };

describe("a source that a cloud vouches for", () => {
  test("an OCIRepository is pulled from ECR as its service account, of which nothing is told", async () => {
    const space = await spaceOf("from-ecr");
    await registry.push("team/app", "latest", { files: { "app/a.yaml": configMap("a") } });
    await world().apply({
      apiVersion: SOURCE,
      kind: "OCIRepository",
      metadata: { name: "from-ecr", namespace: "from-ecr" },
      spec: { url: `oci://${ecr}/team/app`, interval: "1m", provider: "aws", ...identity },
    });
    await space.kustomization({ sourceRef: { kind: "OCIRepository", name: "from-ecr" } });
    await space.says("Applied revision: latest@sha256:");
    expect(claims()).toEqual([{ sub: "system:serviceaccount:from-ecr:reader", aud: ["sts.amazonaws.com"] }]);
    expect(await told(space, "OCIRepository")).not.toContain("canary");
  });

  test("a GitRepository is fetched from Azure DevOps as its service account, of which nothing is told", async () => {
    const space = await spaceOf("from-devops");
    const commit = await world().git.commit("from-devops", { "app/a.yaml": configMap("a") });
    world().git.behaviour.bearer = "canary-of-azure";
    try {
      await space.gitRepository({
        url: "https://dev.azure.com/from-devops.git",
        provider: "azure",
        secretRef: { name: "trust" },
        ...identity,
      });
      await space.kustomization();
      await space.applied(commit);
    } finally {
      delete world().git.behaviour.bearer;
    }
    expect(claims()).toEqual([
      { sub: "system:serviceaccount:from-devops:reader", aud: ["api://AzureADTokenExchange"] },
    ]);
    expect(await told(space, "GitRepository")).not.toContain("canary");
  });

  test("a service account that is not there, and one that is nobody to the cloud, are told of by name", async () => {
    const space = await spaceOf("from-nobody");
    const ref = space.sourceRef();
    const metadata = { name: "nobody", namespace: "from-nobody" };
    await space.gitRepository({
      url: "https://dev.azure.com/from-devops.git",
      provider: "azure",
      secretRef: { name: "trust" },
      ...identity,
      serviceAccountName: "nobody",
    });
    await space.says("ServiceAccount from-nobody/nobody does not exist", { ref });
    await world().apply({ apiVersion: "v1", kind: "ServiceAccount", metadata });
    await space.poke(ref);
    await space.says("has no annotation azure.workload.identity/tenant-id", { ref });
    expect(claims()).toEqual([]);
  });
});
