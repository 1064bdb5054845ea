import type { ChartRef } from "#core/source/helm-ref.ts";
import { chartVersionOf } from "#core/source/oci-ref.ts";
import type { OciRef } from "#core/source/oci-ref.ts";
import { SourceError } from "#core/source/source-error.ts";
import type { VerifiedObject } from "#core/source/source.ts";
import { parseVersion } from "#core/source/version-constraint.ts";
import type { Repository, VerificationRequest } from "#engine/ports.ts";
import type { ChartOrigin, Look } from "./chart-origin.ts";
import { HelmError } from "./helm-error.ts";

/** The one chart of an OCI repository, whose tags are its versions and whose trees hold one file. */
export class RegistryOrigin implements ChartOrigin {
  readonly name: string;
  readonly #repository: Repository;

  constructor(name: string, repository: Repository) {
    this.name = name;
    this.#repository = repository;
  }

  async look(charts: readonly ChartRef[], limits: { timeoutMs: number }, signal: AbortSignal): Promise<Look> {
    const results = await this.#repository.sync(charts.map(ociRefOf), limits, signal);
    const offers = results.map((result) => {
      if ("error" in result) return { error: result.error };
      const { commit, refName } = result;
      const download = async (scope: AbortSignal) => await this.#packed(commit, scope);
      return { version: chartVersionOf(refName ?? ""), identity: commit, download };
    });
    return { index: null, charts: offers };
  }

  async verify(
    identity: string,
    request: VerificationRequest,
    signal: AbortSignal,
  ): Promise<readonly VerifiedObject[]> {
    if (this.#repository.verify) return await this.#repository.verify({ ...request, commit: identity }, signal);
    throw new SourceError("config", "Cannot verify signatures: this program does not do so");
  }

  async #packed(digest: string, signal: AbortSignal): Promise<Uint8Array> {
    const tree = await this.#repository.tree(digest, signal);
    const [name] = tree.children("");
    const content = name === undefined ? undefined : (await tree.read([name], signal)).get(name);
    if (content !== undefined) return content;
    throw new HelmError("refused-chart", `Cannot use ${digest} of ${this.name}: it holds no file`);
  }
}

/** A version that is complete is a tag, of which no list is needed. */
function ociRefOf({ version }: ChartRef): OciRef {
  if (parseVersion(version, false) !== undefined) return { kind: "tag", value: version.replaceAll("+", "_") };
  return { kind: "semver", value: version, ofChart: true };
}
