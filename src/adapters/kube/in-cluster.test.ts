import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { inClusterConfig } from "./in-cluster.ts";

const { signal } = new AbortController();

afterEach(() => vi.unstubAllEnvs());

test("inClusterConfig() takes the pod's service account and an IPv6 address", async () => {
  const directory = await mkdtemp(join(tmpdir(), "holdfast-account-"));
  await writeFile(join(directory, "ca.crt"), "CA");
  await writeFile(join(directory, "namespace"), "shop\n");
  vi.stubEnv("KUBERNETES_SERVICE_HOST", "fd00::1");
  vi.stubEnv("KUBERNETES_SERVICE_PORT", "443");
  expect(await inClusterConfig({ directory, signal })).toEqual({
    server: "https://[fd00::1]:443",
    ca: "CA",
    namespace: "shop",
    credential: { kind: "token-file", path: join(directory, "token") },
  });
  await rm(directory, { recursive: true });
  await expect(inClusterConfig({ directory, signal })).rejects.toThrow("are unreadable");
});

test("inClusterConfig() outside a cluster says so", async () => {
  vi.stubEnv("KUBERNETES_SERVICE_HOST", "");
  await expect(inClusterConfig({ signal })).rejects.toThrow("this does not run inside a cluster");
});
