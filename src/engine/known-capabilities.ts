import type { TemplateCapabilities } from "#core/app/render-spec.ts";
import { stableText } from "#core/resource/stable-text.ts";
import type { ClusterClient } from "./ports.ts";

/** What clusters can do, as they said last: asked again when something new is rendered, not with every look. */
export class KnownCapabilities {
  readonly #known = new WeakMap<ClusterClient, TemplateCapabilities>();

  /** `fresh`: what is known is asked for again. @throws ApiError */
  async of(client: ClusterClient, { fresh }: { fresh: boolean }, signal: AbortSignal): Promise<TemplateCapabilities> {
    const known = this.#known.get(client);
    if (known && !fresh) return known;
    const { kubeVersion, apiVersions } = await client.capabilities({ signal });
    const asked = { kubeVersion: kubeVersion.version, apiVersions };
    if (known && stableText(known) === stableText(asked)) return known;
    this.#known.set(client, asked);
    return asked;
  }
}
