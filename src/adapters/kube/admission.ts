import { ApiError } from "#core/cluster/api-error.ts";
import type { GroupKind } from "#core/resource/resource-id.ts";
import type { Resource } from "#core/resource/resource.ts";
import type { Discovery } from "./discovery.ts";
import { isRecord, recordsIn, stringsIn } from "./json-shape.ts";
import type { OpenApi } from "./openapi.ts";
import { listAll } from "./paged-list.ts";
import type { Requester } from "./requester.ts";
import { SharedTask } from "#async/shared-task.ts";

/** One rule by which admission claims resources; "*" claims all. */
interface AdmissionRule {
  readonly groups: readonly string[];
  readonly resources: readonly string[];
}

interface Known {
  /** "all": the configurations cannot be read, so anything may be admitted or not. */
  readonly rules: readonly AdmissionRule[] | "all";
  readonly readAt: number;
}

/** What admission reads from. */
export interface AdmissionSources {
  readonly requester: Requester;
  readonly discovery: Discovery;
  readonly openApi: OpenApi;
  readonly lifetime: AbortSignal;
}

const GROUP = "admissionregistration.k8s.io";
const AGE_LIMIT_MS = 5 * 60_000;
const READ_LIMIT_MS = 60_000;
const OWN_KINDS = ["MutatingAdmissionPolicy", "ValidatingAdmissionPolicy"] as const;

/** Which kinds admission webhooks, policies and CRD rules watch, read once and again when older than five minutes. */
export class Admission {
  readonly #sources: AdmissionSources;
  readonly #reading: SharedTask<Known>;
  #known: Known | undefined;

  constructor(sources: AdmissionSources) {
    this.#sources = sources;
    this.#reading = new SharedTask(sources.lifetime, READ_LIMIT_MS);
  }

  /** Whether admission may change or refuse objects of the kind; true when that cannot be told. */
  async watches(kind: GroupKind, signal: AbortSignal): Promise<boolean> {
    const found = await this.#sources.discovery.kind(kind, signal);
    if (found.known !== "yes") return true;
    const { rules } = await this.#current(signal);
    if (rules === "all" || rules.some((rule) => claims(rule, found.info))) return true;
    return this.#hasSchemaRules(found.info, signal);
  }

  /** Reads the configurations again when next asked. */
  invalidate(): void {
    this.#known = undefined;
    this.#reading.forget();
  }

  async #hasSchemaRules(info: GroupKind & { version: string }, signal: AbortSignal): Promise<boolean> {
    try {
      return (await this.#sources.openApi.hasRules(info, signal)) ?? true;
    } catch (error) {
      if (error instanceof ApiError) return true;
      throw error;
    }
  }

  async #current(signal: AbortSignal): Promise<Known> {
    const known = this.#known;
    if (known && performance.now() - known.readAt < AGE_LIMIT_MS) return known;
    return (this.#known = await this.#reading.join((scope) => this.#read(scope), signal));
  }

  async #read(signal: AbortSignal): Promise<Known> {
    const readAt = performance.now();
    try {
      const [webhooks, policies] = await Promise.all([this.#readWebhooks(signal), this.#readPolicies(signal)]);
      return { rules: [...webhooks, ...policies], readAt };
    } catch (error) {
      if (error instanceof ApiError && error.code !== 0) return { rules: "all", readAt };
      throw error;
    }
  }

  async #readWebhooks(signal: AbortSignal): Promise<readonly AdmissionRule[]> {
    const lists = await Promise.all(
      ["MutatingWebhookConfiguration", "ValidatingWebhookConfiguration"].map((kind) => this.#list(kind, signal)),
    );
    return lists
      .flat()
      .flatMap((configuration) => recordsIn(configuration["webhooks"]))
      .flatMap((webhook) => rulesIn(webhook["rules"]));
  }

  async #readPolicies(signal: AbortSignal): Promise<readonly AdmissionRule[]> {
    const perKind = await Promise.all(
      OWN_KINDS.map(async (kind) => {
        const [policies, bindings] = await Promise.all([
          this.#list(kind, signal),
          this.#list(`${kind}Binding`, signal),
        ]);
        // A policy without a binding is not in force.
        const bound = new Set(bindings.map((binding) => fieldsOf(binding["spec"])["policyName"]));
        return policies.filter((policy) => bound.has(policy.metadata.name));
      }),
    );
    return perKind
      .flat()
      .map((policy) => fieldsOf(fieldsOf(policy["spec"])["matchConstraints"]))
      .flatMap((constraints) => rulesIn(constraints["resourceRules"]));
  }

  async #list(kind: string, signal: AbortSignal): Promise<readonly Resource[]> {
    const { discovery, requester } = this.#sources;
    const found = await discovery.kind({ group: GROUP, kind }, signal);
    if (found.known === "no") return [];
    if (found.known === "unknown") throw new ApiError({ code: 503, reason: "DiscoveryFailed", message: found.reason });
    return (await listAll(requester, { info: found.info, selection: {}, signal })).items;
  }
}

function rulesIn(value: unknown): readonly AdmissionRule[] {
  return recordsIn(value)
    .filter((rule) => stringsIn(rule["operations"]).some((operation) => /^(\*|CREATE|UPDATE)$/.test(operation)))
    .map((rule) => ({ groups: stringsIn(rule["apiGroups"]), resources: stringsIn(rule["resources"]) }));
}

function claims(rule: AdmissionRule, info: { group: string; plural: string }): boolean {
  const group = rule.groups.includes("*") || rule.groups.includes(info.group);
  return group && ["*", "*/*", info.plural].some((name) => rule.resources.includes(name));
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}
