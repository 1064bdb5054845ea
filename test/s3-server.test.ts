import { request } from "undici";
import { expect, test } from "vitest";
import { startS3Server } from "./support/s3-server.ts";

test("the S3 server takes what its key signs and nothing from anybody else", async () => {
  const server = await startS3Server();
  try {
    await server.createBucket("manifests");
    await server.put("manifests", "app/a b.yaml", "a: 1\n");
    await server.remove("manifests", "app/a b.yaml");
    await expect(server.put("absent", "a", "a")).rejects.toThrow("NoSuchBucket");
    const anonymous = await request(`http://${server.host}/manifests`);
    await anonymous.body.dump();
    expect(anonymous.statusCode).toBe(403);
  } finally {
    await server.stop();
  }
});
