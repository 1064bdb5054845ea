import type { Resource } from "#core/resource/resource.ts";
import type { ChartOrigin } from "./chart-origin.ts";
import { certificateSecret, loginSecret, type PlannedSecret, valuesSecret } from "./needed-secrets.ts";
import { ObjectNames } from "./object-names.ts";
import { plainNumbers } from "./plain-numbers.ts";
import type { ReleaseDraft } from "./release-draft.ts";
import { type ReleaseValues, secretDocument } from "./release-values.ts";

/** A release with its values. */
export interface CompleteDraft extends ReleaseDraft {
  readonly values: ReleaseValues;
}

/** Where the objects go, and how often they look. */
export interface ObjectChoices {
  /** null: the namespace of each release. */
  readonly namespace: string | null;
  readonly interval: string;
}

/** A release and the objects that it becomes. */
export interface WrittenRelease {
  readonly draft: CompleteDraft;
  readonly object: Resource;
  readonly source: Resource;
  /** What a person should know or decide. */
  readonly decisions: readonly string[];
}

/** All objects of a migration. */
export interface MigrationObjects {
  readonly releases: readonly WrittenRelease[];
  /** Each once. */
  readonly sources: readonly Resource[];
  readonly secrets: readonly PlannedSecret[];
}

/** The objects of all releases: names are unique, and the same for the same releases. */
export function migrationObjects(drafts: readonly CompleteDraft[], choices: ObjectChoices): MigrationObjects {
  const making = new Making(choices);
  const named = drafts.map((draft) => ({ draft, at: making.place(draft) }));
  const addresses = new Map(named.map(({ draft, at }) => [draft.from.address, { at, resource: draft.from.resource }]));
  const releases = named.map(({ draft, at }): WrittenRelease => {
    const source = making.source(at.namespace, draft.origin);
    const others = [...addresses.values()].filter(({ resource }) => draft.from.dependsOn.includes(resource));
    const dependsOn = others.map((other) => ({
      name: other.at.name,
      ...(other.at.namespace === at.namespace ? {} : { namespace: other.at.namespace }),
    }));
    const object = making.release(draft, { at, source, dependsOn });
    return { draft, source, object, decisions: [...draft.decisions, ...placeDecisions(draft, at)] };
  });
  return { releases, sources: making.sources, secrets: making.secrets };
}

/** A HelmRelease cannot make the namespace that it lies in itself. */
function placeDecisions({ namespace, createsNamespace }: ReleaseDraft, at: Place): readonly string[] {
  if (!createsNamespace || at.namespace !== namespace) return [];
  return [
    `create_namespace has no effect on the namespace of the object itself: on a new cluster make ${namespace} first, or choose another with --namespace`,
  ];
}

interface Place {
  readonly namespace: string;
  readonly name: string;
}

class Making {
  readonly secrets: PlannedSecret[] = [];
  readonly #choices: ObjectChoices;
  readonly #names = new ObjectNames();
  readonly #sources = new Map<string, Resource>();

  constructor(choices: ObjectChoices) {
    this.#choices = choices;
  }

  get sources(): readonly Resource[] {
    return [...this.#sources.values()];
  }

  place({ name, namespace }: ReleaseDraft): Place {
    const home = this.#choices.namespace ?? namespace;
    const wishes = [name, `${namespace}-${name}`];
    return { namespace: home, name: this.#names.take(`HelmRelease/${home}`, wishes) };
  }

  /** The repository of a chart, shared by all releases of a namespace that read it in the same way. */
  source(namespace: string, origin: ChartOrigin): Resource {
    const { url, type, passCredentials, username, password, certificates } = origin;
    const key = JSON.stringify([namespace, url, type, passCredentials, username, password, certificates]);
    const known = this.#sources.get(key);
    if (known) return known;
    const { host, pathname } = new URL(url);
    const name = this.#names.take(`HelmRepository/${namespace}`, [`${host}${pathname}`]);
    const secretName = (suffix: string) => this.#names.take(`Secret/${namespace}`, [name], suffix);
    const login = username === "" && password === "" ? null : secretName("-login");
    const tls = Object.keys(certificates).length === 0 ? null : secretName("-tls");
    if (login !== null) this.secrets.push(loginSecret({ namespace, name: login }, origin));
    if (tls !== null) this.secrets.push(certificateSecret({ namespace, name: tls }, origin));
    const source = {
      apiVersion: "source.toolkit.fluxcd.io/v1",
      kind: "HelmRepository",
      metadata: { name, namespace },
      spec: {
        interval: this.#choices.interval,
        ...(type === "oci" ? { type } : {}),
        url,
        ...(passCredentials ? { passCredentials } : {}),
        ...(login === null ? {} : { secretRef: { name: login } }),
        ...(tls === null ? {} : { certSecretRef: { name: tls } }),
      },
    };
    this.#sources.set(key, source);
    return source;
  }

  release(
    draft: CompleteDraft,
    { at, source, dependsOn }: { at: Place; source: Resource; dependsOn: readonly object[] },
  ): Resource {
    const { name, namespace, origin, version, actions, values } = draft;
    const isElsewhere = at.namespace !== namespace;
    const secret = this.#valuesSecret(draft, at);
    const sourceRef = { kind: source.kind, name: source.metadata.name };
    return {
      apiVersion: "helm.toolkit.fluxcd.io/v2",
      kind: "HelmRelease",
      metadata: { name: at.name, namespace: at.namespace },
      spec: {
        interval: this.#choices.interval,
        releaseName: name,
        // Helm's records lie where the provider put them: beside the release.
        ...(isElsewhere ? { targetNamespace: namespace, storageNamespace: namespace } : {}),
        chart: { spec: { chart: origin.chart, version, sourceRef } },
        ...(dependsOn.length > 0 ? { dependsOn } : {}),
        ...actions,
        ...(secret === null ? {} : { valuesFrom: [{ kind: "Secret", name: secret }] }),
        ...(Object.keys(values.open).length > 0 ? { values: plainNumbers(values.open) } : {}),
      },
    };
  }

  #valuesSecret({ from, values }: CompleteDraft, at: Place): string | null {
    if (values.secretPaths.length === 0) return null;
    const name = this.#names.take(`Secret/${at.namespace}`, [at.name], "-values");
    const document = values.configDigest === null ? null : secretDocument(values);
    const told = { document, paths: values.secretPaths, address: from.address };
    this.secrets.push(valuesSecret({ namespace: at.namespace, name }, told));
    return name;
  }
}
