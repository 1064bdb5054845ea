import { createHmac } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import type { HookEvent } from "#core/source/hook-event.ts";
import { type HookSecrets, startWebhookServer, type WebhookServer } from "./webhook-server.ts";

let stop = new AbortController();
let server: WebhookServer | undefined;
let secrets: () => Promise<HookSecrets> = () => Promise.resolve({});
const events: HookEvent[] = [];

afterEach(async () => {
  stop.abort();
  await server?.stopped;
  server = undefined;
  stop = new AbortController();
  events.length = 0;
});

async function url(path = "/api/webhook"): Promise<string> {
  server ??= await startWebhookServer({
    host: "127.0.0.1",
    port: 0,
    secrets: () => secrets(),
    onEvent: (event) => void events.push(event),
    signal: stop.signal,
  });
  return `http://127.0.0.1:${server.port}${path}`;
}

async function post(headers: Record<string, string>, body: string) {
  const answer = await fetch(await url(), { method: "POST", headers, body });
  return `${answer.status} ${(await answer.text()).trim()}`;
}

const HERE = "https://git.example/shop";
const push = JSON.stringify({ repository: { html_url: HERE }, project: { web_url: HERE } });
const signed = (secret: string, body = push) => createHmac("sha256", secret).update(body).digest("hex");

describe("webhooks", () => {
  const basic = `Basic ${Buffer.from("ada:s3cret").toString("base64")}`;
  const azure = JSON.stringify({ eventType: "git.push", resource: { repository: { remoteUrl: HERE } } });
  const linked = JSON.stringify({ repository: { links: { html: { href: HERE }, clone: [{ href: HERE }] } } });
  const proofs: readonly [keyof HookSecrets, Record<string, string>, string, secret?: string][] = [
    ["github", { "x-github-event": "push", "x-hub-signature-256": `sha256=${signed("s3cret")}` }, push],
    ["gogs", { "x-gogs-event": "push", "x-github-event": "push", "x-gogs-signature": signed("s3cret") }, push],
    ["gitlab", { "x-gitlab-event": "Push Hook", "x-gitlab-token": "s3cret" }, push],
    ["bitbucket", { "x-event-key": "repo:push", "x-hook-uuid": "s3cret" }, linked],
    [
      "bitbucketserver",
      { "x-event-key": "repo:refs_changed", "x-hub-signature": `sha256=${signed("s3cret", linked)}` },
      linked,
    ],
    ["azuredevops", { "x-vss-activityid": "1", authorization: basic }, azure, "ada:s3cret"],
  ];
  for (const [service, headers, body, secret = "s3cret"] of proofs) {
    test(`of ${service} are believed with the secret alone`, async () => {
      secrets = () => Promise.resolve({ [service]: secret });
      expect(await post(headers, body)).toBe("200 the repository is looked at");
      expect(events.map(({ urls }) => urls)).toEqual([[HERE]]);
      secrets = () => Promise.resolve({ [service]: `${secret}!` });
      expect(await post(headers, body)).toBe("401 the proof does not fit the secret");
      secrets = () => Promise.resolve({});
      expect(await post(headers, body)).toBe(`401 there is no secret for ${service}, so nobody is believed`);
      expect(events.length).toBe(1);
    });
  }

  test("of GitHub may be forms", async () => {
    secrets = () => Promise.resolve({ github: "s3cret" });
    const body = `payload=${encodeURIComponent(push)}`;
    const headers = { "x-github-event": "push", "x-hub-signature-256": `sha256=${signed("s3cret", body)}` };
    expect(await post(headers, body)).toBe("200 the repository is looked at");
  });

  test("that cannot be used are refused by what is wrong with them, and nobody is told", async () => {
    secrets = () => Promise.resolve({ gitlab: "s3cret" });
    const proved = { "x-gitlab-event": "Push Hook", "x-gitlab-token": "s3cret" };
    expect(await post({}, push)).toBe("400 no service that is known sends these headers");
    expect(await post(proved, "{")).toBe("400 the body is no JSON");
    expect(await post({ "x-gitlab-event": "Push Hook" }, push)).toBe("401 the proof does not fit the secret");
    expect(await post(proved, " ".repeat(5_000_000)).catch(() => "cut off")).toMatch(/^413 |^cut off$/);
    expect((await fetch(await url())).status).toBe(405);
    expect((await fetch(await url("/"), { method: "POST" })).status).toBe(404);
    secrets = () => Promise.reject(new Error("forbidden"));
    expect(await post(proved, push)).toBe("503 the secrets cannot be read: forbidden");
    expect(events).toEqual([]);
  });
});
