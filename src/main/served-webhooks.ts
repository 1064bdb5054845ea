import type { Settings } from "#core/app/settings.ts";
import { WEBHOOK_SECRET, webhookSecrets } from "#dialects/argocd/webhook-secrets.ts";
import type { Controller } from "#engine/controller.ts";
import { referencedData } from "#engine/followed-objects.ts";
import type { ClusterClient, Log } from "#engine/ports.ts";
import { type HookSecrets, startWebhookServer } from "#server/webhook-server.ts";

/** Where webhooks are taken. */
export interface WebhookAddress {
  readonly host: string;
  readonly port: number;
}

/** Whoever calls again and again makes no more questions than one in this time. */
const SECRETS_MS = 10_000;

/** What of the program's options says whether and how webhooks are taken. */
export interface WebhookOptions {
  readonly webhooks?: WebhookAddress;
  readonly vendorSettings: Pick<Settings, "controlNamespace">;
  readonly log: Log;
}

/** Takes webhooks until the signal aborts. @throws when the address cannot be listened on */
export async function serveWebhooks(
  { webhooks: at, vendorSettings, log }: WebhookOptions,
  parts: { readonly controller: Pick<Controller, "hooked">; readonly client: Pick<ClusterClient, "get"> },
  signal: AbortSignal,
): Promise<void> {
  if (!at) return;
  const { controller, client } = parts;
  const namespace = vendorSettings.controlNamespace;
  const secrets = keptFor(SECRETS_MS, async (scope): Promise<HookSecrets> => {
    const ref = { apiVersion: "v1", kind: "Secret", namespace, name: WEBHOOK_SECRET };
    const object = await client.get(ref, { signal: scope });
    return object ? webhookSecrets(referencedData(object).text) : {};
  });
  const { port } = await startWebhookServer({ ...at, secrets, onEvent: (event) => controller.hooked(event), signal });
  log.info({ host: at.host, port }, "webhooks are taken");
}

function keptFor<T>(timeMs: number, read: (signal: AbortSignal) => Promise<T>): (signal: AbortSignal) => Promise<T> {
  let known: { readonly value: Promise<T>; readonly until: number } | null = null;
  return (signal) => {
    const now = performance.now();
    if (!known || now >= known.until) known = { value: read(signal), until: now + timeMs };
    return known.value;
  };
}
