import { expect, test } from "vitest";
import type { ClusterCaller } from "#engine/cloud-identity.ts";
import { assumed, entra, federated, known, signal, useCloudWorld } from "./testing/cloud-world.ts";
import { CloudTokens } from "./cloud-tokens.ts";

const world = useCloudWorld();
const eks = "arn:aws:eks:eu-central-1:123456789012:cluster/prod";
const gke = "projects/project/locations/europe-west1/clusters/prod";
const aks =
  "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/group/providers/Microsoft.ContainerService/managedClusters/prod";
const ca = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n";
const base64 = (text: string) => Buffer.from(text).toString("base64");
const names = { aws: eks, azure: aks, gcp: gke };

function asked(cloud: ClusterCaller["cloud"], changes: Partial<ClusterCaller> = {}): ClusterCaller {
  const { proxy } = world().clouds;
  return { cloud, name: names[cloud], address: "", ca: "", identity: world().account(known[cloud]), proxy, ...changes };
}

function kubeconfig(server: string, user: object = { exec: {} }): string {
  const cluster = { server, "certificate-authority-data": base64(ca) };
  return base64(JSON.stringify({ clusters: [{ cluster }], users: [{ user }] }));
}

test("a cluster of AWS takes a signed question to STS, and AWS says where it is", async () => {
  world().answer = ({ host }) =>
    host.startsWith("sts.")
      ? assumed(world(), "AKIA1")
      : { body: { cluster: { endpoint: "https://ABC.eks.example", certificateAuthority: { data: base64(ca) } } } };

  const proof = await world().tokens.clusterProof(asked("aws"), signal);

  expect(proof).toMatchObject({ server: "https://abc.eks.example:443", ca, expiresAt: world().now + 15 * 60_000 });
  const lookup = world().clouds.requests.at(-1);
  expect(lookup).toMatchObject({ method: "GET", host: "eks.eu-central-1.amazonaws.com", path: "/clusters/prod" });
  expect(lookup?.headers.authorization).toMatch(
    /^AWS4-HMAC-SHA256 Credential=AKIA1\/\d{8}\/eu-central-1\/eks\/aws4_request/,
  );
  expect(lookup?.headers["x-amz-security-token"]).toBe("session");
  expect(proof.token).toMatch(/^k8s-aws-v1\.[\w-]+$/);
  const url = new URL(Buffer.from(proof.token.slice("k8s-aws-v1.".length), "base64url").toString());
  expect(url.origin + url.pathname).toBe("https://sts.eu-central-1.amazonaws.com/");
  expect(Object.fromEntries(url.searchParams)).toMatchObject({
    Action: "GetCallerIdentity",
    Version: "2011-06-15",
    "X-Amz-Credential": expect.stringMatching(/^AKIA1\/\d{8}\/eu-central-1\/sts\/aws4_request$/),
    "X-Amz-Expires": "60",
    "X-Amz-Security-Token": "session",
    "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
    "X-Amz-Signature": expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test("the question to STS is signed as the scheme says", async () => {
  world().answer = () => assumed(world(), "AKIA1");
  world().now = Date.parse("2026-11-22T01:02:03Z");
  const given = { address: "https://api.example", ca };
  const { token } = await world().tokens.clusterProof(asked("aws", given), signal);
  // Computed with Python's hashlib and hmac from the published description of the scheme.
  expect(Buffer.from(token.slice("k8s-aws-v1.".length), "base64url").toString()).toMatch(
    /X-Amz-Signature=288f0d161bcbb6575e72a0e6118ff34f6bc54958af083c9583cb98683697ce84$/,
  );
});

test("a cluster of Azure takes a token for clusters, and Azure says where it is", async () => {
  world().answer = (request) =>
    request.host === "management.azure.com"
      ? { body: { kubeconfigs: [{ value: kubeconfig("https://prod.azmk8s.example:443") }] } }
      : entra(request);

  const proof = await world().tokens.clusterProof(asked("azure"), signal);

  expect(proof).toMatchObject({ token: "entra-token", server: "https://prod.azmk8s.example:443", ca });
  const scopes = world()
    .clouds.requests.filter(({ path }) => path.includes("/oauth2/"))
    .map(({ body }) => new URLSearchParams(body).get("scope")?.split(" ")[0]);
  expect(scopes).toEqual(["6dae42f8-4368-4678-94ff-3960e28e3630/.default", "https://management.azure.com/.default"]);
  const lookup = world().clouds.requests.at(-1);
  expect(lookup).toMatchObject({ method: "POST", path: `${aks}/listClusterUserCredential?api-version=2025-01-01` });
  expect(lookup?.headers.authorization).toBe("Bearer entra-token");
});

test("a cluster of Azure that does not know Entra ID is refused", async () => {
  const user = { "client-certificate-data": "x" };
  world().answer = (request) =>
    request.host === "management.azure.com"
      ? { body: { kubeconfigs: [{ value: kubeconfig("https://prod.example", user) }] } }
      : entra(request);
  await expect(world().tokens.clusterProof(asked("azure"), signal)).rejects.toThrow("it does not know Entra ID");
});

test("a cluster of Google Cloud takes a token of Google's, which says where it is", async () => {
  world().answer = ({ host }) =>
    host === "container.googleapis.com"
      ? { body: { endpoint: "10.0.0.1", masterAuth: { clusterCaCertificate: base64(ca) } } }
      : federated();

  const proof = await world().tokens.clusterProof(asked("gcp"), signal);

  expect(proof).toMatchObject({ token: "federated", server: "https://10.0.0.1:443", ca });
  const lookup = world().clouds.requests.at(-1);
  expect(lookup).toMatchObject({ method: "GET", path: `/v1/${gke}` });
  expect(lookup?.headers.authorization).toBe("Bearer federated");
});

test("a service account's cluster is not looked up when address and authorities are given", async () => {
  world().answer = federated;
  const proof = await world().tokens.clusterProof(asked("gcp", { address: "private.example", ca }), signal);
  expect(proof).toMatchObject({ server: "https://private.example:443", ca });
  expect(world().clouds.requests.map(({ host }) => host)).toEqual(["sts.googleapis.com"]);
});

test("what is the controller's goes to the address that the cloud tells, and to no other", async () => {
  world().answer = () => ({ body: { endpoint: "10.0.0.1", masterAuth: { clusterCaCertificate: base64(ca) } } });
  await world().metadataServer({
    "/computeMetadata/v1/instance": "{}",
    "/computeMetadata/v1/instance/service-accounts/default/token": JSON.stringify({
      access_token: "machine",
      expires_in: 3_600,
      token_type: "Bearer",
    }),
  });
  const own = { identity: null, ca };
  const failed = world().tokens.clusterProof(asked("gcp", { ...own, address: "https://evil.example" }), signal);
  await expect(failed).rejects.toThrow(
    "https://evil.example:443 is not its address https://10.0.0.1:443; name a serviceAccountName to use another one",
  );
  expect(await world().tokens.clusterProof(asked("gcp", { ...own, address: "10.0.0.1" }), signal)).toMatchObject({
    token: "machine",
    server: "https://10.0.0.1:443",
  });
});

const unknown = [
  { cloud: "aws", name: "prod", wanted: "arn:aws:eks:<region>:<account>:cluster/<name>" },
  { cloud: "azure", name: `${aks}/../../secret`, wanted: "/subscriptions/<id>/resourceGroups/<group>" },
  { cloud: "gcp", name: `${gke}?x=`, wanted: "projects/<project>/locations/<location>/clusters/<name>" },
] as const;
for (const { cloud, name, wanted } of unknown) {
  test(`${name} is no name of a cluster of ${cloud}`, async () => {
    world().answer = (request) => (cloud === "azure" ? entra(request) : federated());
    await expect(world().tokens.clusterProof(asked(cloud, { name }), signal)).rejects.toThrow(wanted);
  });
}

test("a cluster that the cloud does not show is told of, without what was shown", async () => {
  world().answer = ({ host, headers }) =>
    host === "container.googleapis.com"
      ? { status: 403, body: { error: { message: `no permission with ${headers.authorization}` } } }
      : federated();
  await expect(new CloudTokens({ now: () => Date.now() }).clusterProof(asked("gcp"), signal)).rejects.toThrow(
    /^Cannot look up the cluster "projects.*" of Google Cloud: container.googleapis.com answers 403 \(no permission with Bearer …\)$/,
  );
});
