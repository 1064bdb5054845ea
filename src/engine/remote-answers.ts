import type { SetQuestion } from "#core/app/app-set.ts";
import { splitApiVersion } from "#core/resource/resource-id.ts";
import { referencedData } from "./followed-objects.ts";
import type { ClusterClient } from "./ports.ts";
import type { ProviderReader } from "./provider-reader.ts";
import { configText, secretOf, secretText } from "./provider-secrets.ts";

/** Questions whose answers count for a time: whom they are about tells nobody when they change. */
export type RemoteQuestion = Extract<SetQuestion, { readonly everyMs: number }>;

/** Who answers them. */
export interface RemoteAnswersParts {
  readonly client: Pick<ClusterClient, "get" | "list">;
  readonly providers: ProviderReader;
}

/** Whether a question is one of these. */
export function isRemote(question: SetQuestion): question is RemoteQuestion {
  return "everyMs" in question;
}

/** Answers one, with Secrets as they are now. @throws Error whose message holds no credential */
export async function remoteAnswer(
  { client, providers }: RemoteAnswersParts,
  question: RemoteQuestion,
  signal: AbortSignal,
): Promise<unknown> {
  switch (question.ask) {
    case "provider": {
      const { address, call } = question;
      const { credential } = address;
      const app = credential && "app" in credential ? await secretOf(client, credential.app, signal) : null;
      const isText = credential !== null && "secret" in credential;
      const secret = isText ? await secretText(client, credential.secret, signal) : "";
      const ca = address.ca ? await configText(client, address.ca, signal) : "";
      return providers.read({ address, call, secret, app, ca }, signal);
    }
    case "post": {
      const token = await secretText(client, question.token, signal);
      return providers.post({ ...question, token }, signal);
    }
    case "config": {
      const { namespace, name } = question;
      const object = await client.get({ apiVersion: "v1", kind: "ConfigMap", namespace, name }, { signal });
      if (!object) throw new Error(`Cannot read ConfigMap ${namespace}/${name}: it does not exist`);
      return referencedData(object).text;
    }
    case "list": {
      const { apiVersion, plural, namespace } = question;
      const info = { ...splitApiVersion(apiVersion), kind: plural, plural, namespaced: true, verbs: ["list"] };
      return client.list(info, { namespace }, { signal });
    }
  }
}
