import { expect, test } from "vitest";
import { createLog } from "./log.ts";
import type { LogLevel } from "./log.ts";

function recorded(level: LogLevel = "info") {
  const lines: string[] = [];
  const log = createLog({ level, stream: { write: (line: string) => lines.push(line) } });
  return { log, lines };
}

test("one outcome is one JSON line with its fields", () => {
  const { log, lines } = recorded();
  log.info({ app: "ks/shop/web", revision: "main@sha1:0a1b" }, "synced");
  expect(lines).toHaveLength(1);
  expect(lines[0]?.endsWith("\n")).toBe(true);
  expect(JSON.parse(lines[0] ?? "")).toEqual({
    level: "info",
    time: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    app: "ks/shop/web",
    revision: "main@sha1:0a1b",
    message: "synced",
  });
});

test("lines below the level are left out", () => {
  const { log, lines } = recorded("error");
  log.info({}, "quiet");
  log.warn({}, "quiet");
  log.error({}, "loud");
  expect(lines).toHaveLength(1);
});

test("secrets do not get through by name, in an address or in an error", () => {
  const canary = "canary-2c9e";
  const { log, lines } = recorded();
  log.error(
    {
      token: canary,
      secret: { data: { password: canary } },
      credential: { password: canary },
      options: { auth: { token: canary } },
      repository: `https://me:${canary}@git.example.com/shop.git`,
      error: new Error(`Cannot fetch https://${canary}@git.example.com/shop.git`, {
        cause: new Error(`https://x:${canary}@git.example.com`),
      }),
    },
    `Cannot fetch HTTPS://me:${canary}@git.example.com/shop.git`,
  );
  expect(lines.join("")).not.toContain(canary);
  expect(lines.join("")).toContain("git.example.com/shop.git");
});

test("an error's reason is told without its stack, and very long texts are cut", () => {
  const { log, lines } = recorded();
  const error = Object.assign(new Error("no such host"), { code: "ENOTFOUND" });
  log.warn(
    { error: new TypeError("Cannot fetch main", { cause: error }), output: "x".repeat(100_000) },
    "source failed",
  );
  const line = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
  expect(line["error"]).toEqual({
    type: "TypeError",
    message: "Cannot fetch main",
    cause: { type: "Error", message: "no such host", code: "ENOTFOUND" },
  });
  expect(String(line["output"])).toHaveLength(8_000);
});
