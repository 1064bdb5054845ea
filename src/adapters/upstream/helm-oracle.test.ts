import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { releaseSecret } from "#core/helm/release-record.ts";
import type { HelmRelease } from "#core/helm/release.ts";
import type { ValuesPart } from "#core/helm/values-part.ts";
import { officialTool } from "#test/support/official-tool.ts";
import { HelmBench, chartTree, chartYaml, settings } from "./helm-bench.ts";
import { helmPackage } from "./helm-package.ts";
import { decodeHelmRelease, encodeHelmRelease } from "./helm-release.ts";

// The real program is slow to start where processors are shared.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 });

const bench = new HelmBench();
const signal = new AbortController().signal;
let folder: string;
let program: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "helm-oracle-"));
  program = await officialTool("helm");
});
afterAll(async () => {
  await bench.pool.close();
  await rm(folder, { recursive: true, force: true });
});

async function helm(...args: string[]): Promise<string> {
  const env = { HOME: folder, KUBECONFIG: join(folder, "kubeconfig"), HELM_CACHE_HOME: folder, TZ: "UTC" };
  return (await promisify(execFile)(program, args, { env, cwd: folder, maxBuffer: 2 ** 26 })).stdout;
}

async function onDisk(name: string, files: Readonly<Record<string, string | Uint8Array>>): Promise<string> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(folder, name, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
  }
  return join(folder, name);
}

const job = (name: string, hook: string) =>
  `apiVersion: batch/v1\nkind: Job\nmetadata: {name: ${name}, annotations: {helm.sh/hook: "${hook}"}}\n`;

const charts: { name: string; files: Record<string, string>; values?: string }[] = [
  {
    name: "values, templates and helpers",
    files: {
      "Chart.yaml": chartYaml("web"),
      "values.yaml": "a: 1\nbig: 10000000\nf: 1.5\nmap: {x: [1, {y: null}], z: 'no'}\n",
      "templates/_h.tpl": '{{ define "web.name" -}}{{ .Chart.Name }}-{{ .Release.Name | trunc 3 }}{{- end }}',
      "templates/a.yaml": settings(
        '{{ include "web.name" . }}',
        'v: {{ toYaml .Values | quote }}\n  j: {{ toPrettyJson .Values | quote }}\n  t: {{ tpl "{{ .Values.big }} {{ .Values.f }}" . | quote }}\n  m: {{ .Values.none.deeper | default "d" | quote }}'.replace(
          ".Values.none.deeper",
          "(.Values.none).deeper",
        ),
      ),
      "templates/b.yaml":
        "{{ range $i, $e := until 3 }}---\napiVersion: v1\nkind: Pod\nmetadata: {name: p{{ $i }}}\n{{ end }}",
      "templates/empty.yaml": "{{ if false }}x{{ end }}\n",
    },
    values: "map: {z: yes, q: {r: 0.10}}\nbig: 20000000\nextra: [1e3, 0x10, 2026-01-02]\n",
  },
  {
    name: "kinds in every order, hooks and CRDs",
    files: {
      "Chart.yaml": chartYaml("web"),
      ...Object.fromEntries(
        [
          "Ingress",
          "Service",
          "CustomResourceDefinition",
          "Secret",
          "Namespace",
          "ClusterRole",
          "Deployment",
          "Widget",
          "Job",
          "ServiceAccount",
        ].map((kind, i) => [
          `templates/${9 - i}.yaml`,
          `apiVersion: v1\nkind: ${kind}\nmetadata: {name: x${i}}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: c${i}}\n`,
        ]),
      ),
      "templates/hook-a.yaml": job("a", "post-install,Pre-Delete"),
      "templates/hook-b.yaml": `${job("b", "test")}---\n${job("c", "crd-install")}---\n${job("d", "test-success")}`,
      "crds/a.yaml": "apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition\nmetadata: {name: a.b.c}\n",
    },
  },
  {
    name: "subcharts with conditions, tags, aliases, globals and imports",
    files: {
      "Chart.yaml": chartYaml(
        "web",
        "dependencies:\n- {name: sub, version: 1.x, repository: '', alias: one, condition: one.enabled}\n- {name: sub, version: 1.x, repository: '', alias: two, tags: [extra], import-values: [data]}\n- {name: idle, version: '*', repository: '', condition: idle.active}\n",
      ),
      "values.yaml":
        "one: {enabled: true, name: uno}\ntags: {extra: true}\nidle: {active: false}\nglobal: {region: eu}\n",
      "templates/a.yaml": settings(
        "top",
        'imported: {{ .Values.imported | quote }}\n  subs: {{ keys .Subcharts | sortAlpha | join "," | quote }}',
      ),
      "charts/sub/Chart.yaml": chartYaml("sub", "", "1.4.0"),
      "charts/sub/values.yaml": "name: sub\nexports: {data: {imported: yes-please}}\n",
      "charts/sub/templates/a.yaml": settings(
        "{{ .Values.name }}-{{ .Chart.Name }}",
        "region: {{ .Values.global.region | quote }}\n  version: {{ .Chart.Version | quote }}",
      ),
      "charts/idle/Chart.yaml": chartYaml("idle"),
      "charts/idle/templates/a.yaml": '{{ fail "is idle" }}',
    },
    values: "two: {name: due}\n",
  },
  {
    name: "files, globs and what .helmignore leaves out",
    files: {
      "Chart.yaml": chartYaml("web"),
      ".helmignore": "# none\nconf/*.tmp\nskipped/\n",
      "conf/a.txt": "alpha\nbeta\n",
      "conf/b.txt": "b",
      "conf/c.tmp": "never",
      "skipped/x.txt": "never",
      "templates/a.yaml":
        'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n{{ (.Files.Glob "**.t*").AsConfig | indent 2 }}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\ndata:\n{{ (.Files.Glob "conf/*").AsSecrets | indent 2 }}\n  lines: {{ .Files.Lines "conf/a.txt" | toJson | b64enc }}\n',
    },
  },
];

/** Helm 4.1, which this is, cuts the ends of documents; 4.2, which is built in, keeps them. */
const trimmed = (text: string) => text.trim().replaceAll(/\n+---\n/g, "\n---\n");

describe("the official helm", () => {
  test.each(charts)("renders the same text of $name", async ({ name, files, values }) => {
    const path = await onDisk(name.replaceAll(/\W+/g, "-"), files);
    const args = [
      "template",
      "shop",
      path,
      "--namespace",
      "web",
      "--kube-version",
      "1.33.1",
      "--api-versions",
      "example.com/v1",
    ];
    if (values !== undefined) args.push("-f", join(await onDisk("values", { "v.yaml": values }), "v.yaml"));
    const parts: ValuesPart[] = values === undefined ? [] : [{ yaml: values }];
    const capabilities = { kubeVersion: { version: "1.33.1" }, apiVersions: ["example.com/v1"], addApiVersions: true };
    const rendered = await bench.render(chartTree(files), {
      values: parts,
      capabilities,
      options: { includeCRDs: true },
    });
    expect(trimmed(rendered.manifest)).toBe(trimmed(await helm(...args, "--include-crds", "--no-hooks")));
    const hooks = rendered.hooks.map((hook) => `---\n# Source: ${hook.path}\n${hook.manifest}\n`).join("");
    expect(trimmed(rendered.manifest + hooks)).toBe(trimmed(await helm(...args, "--include-crds")));
  });

  const flags: { flag: string; argument: string; part: ValuesPart }[] = [
    {
      flag: "--set",
      argument: "a.b=1,c={x,2},d[1].e=null,f\\.g=true",
      part: { set: { path: "a.b", value: "1,c={x,2},d[1].e=null,f\\.g=true", as: "typed" } },
    },
    { flag: "--set-string", argument: "a.b=1,c=true", part: { set: { path: "a.b", value: "1,c=true", as: "string" } } },
    { flag: "--set-literal", argument: "a.b=1,c={x", part: { set: { path: "a.b", value: "1,c={x", as: "literal" } } },
    {
      flag: "--set-json",
      argument: 'a={"b":[1,2.5,1000000]}',
      part: { set: { path: "a", value: '{"b":[1,2.5,1000000]}', as: "json" } },
    },
    { flag: "--set", argument: "big=1000000", part: { set: { path: "big", value: "1000000", as: "typed" } } },
  ];
  test.each(flags)("takes $flag $argument alike", async ({ flag, argument, part }) => {
    const files = {
      "Chart.yaml": chartYaml("web"),
      "values.yaml": "d: [{e: 1}, {e: 2}]\n",
      "templates/a.yaml": settings("a", 'v: {{ toJson .Values | quote }}\n  big: "{{ .Values.big }}"'),
    };
    const path = await onDisk("flags", files);
    const { manifest } = await bench.render(chartTree(files), { values: [part] });
    expect(trimmed(manifest)).toBe(trimmed(await helm("template", "shop", path, "--namespace", "web", flag, argument)));
  });

  test("reads what helmPackage() packed", async () => {
    const { files } = charts[2]!;
    const { archive } = await helmPackage(
      bench.pool,
      {
        chart: chartTree(files),
        versionMetadata: "7",
        values: [{ yaml: "one: {name: eins}" }],
        chartValuesFiles: ["values.yaml"],
      },
      signal,
    );
    const path = await onDisk("packed", { "web.tgz": archive });
    const packed = join(path, "web.tgz");
    expect(await helm("show", "chart", packed)).toContain("version: 1.2.3+7\n");
    const { manifest } = await bench.render({ kind: "archive", content: archive });
    expect(manifest).toContain("name: eins-one");
    expect(trimmed(manifest)).toBe(trimmed(await helm("template", "shop", packed, "--namespace", "web")));
  });

  test("lists and shows an encoded release", async () => {
    const { manifest, hooks, notes, chart, config } = await bench.render(
      chartTree({ ...charts[1]!.files, "templates/NOTES.txt": "Well done, {{ .Release.Name }}." }),
      { values: [{ object: { color: "blue", big: 10_000_000 } }], options: { withChart: true } },
    );
    const release: HelmRelease = {
      name: "shop",
      namespace: "web",
      version: 2,
      info: {
        status: "deployed",
        description: "Upgrade complete",
        notes,
        first_deployed: "2026-01-01T10:00:00Z",
        last_deployed: "2026-01-02T10:00:00Z",
      },
      chart: chart!,
      config,
      manifest,
      hooks: hooks.map((hook) => ({
        name: hook.name,
        kind: hook.kind,
        path: hook.path,
        manifest: hook.manifest,
        events: hook.events,
        weight: hook.weight,
        delete_policies: hook.deletePolicies,
        last_run: { phase: "" },
      })),
      apply_method: "ssa",
    };
    const older: HelmRelease = {
      ...release,
      version: 1,
      info: { ...release.info, status: "superseded", description: "Install complete" },
    };
    const written = { as: "created", atMs: 0 } as const;
    const secrets = await Promise.all(
      [older, release].map(async (one) =>
        releaseSecret({
          release: one,
          storageNamespace: "web",
          record: (await encodeHelmRelease(bench.pool, { release: one }, signal)).record,
          written,
        }),
      ),
    );
    expect((await decodeHelmRelease(bench.pool, { secretData: secrets[1]!.data.release }, signal)).release).toEqual({
      ...release,
      hooks: expect.anything() as unknown,
    });
    await using api = await secretsApi(secrets);
    await writeFile(join(folder, "kubeconfig"), api.kubeconfig);
    const listed = JSON.parse(await helm("list", "-n", "web", "-o", "json")) as object[];
    expect(listed).toEqual([
      expect.objectContaining({
        name: "shop",
        namespace: "web",
        revision: "2",
        status: "deployed",
        chart: "web-1.2.3",
        app_version: "2.0",
      }),
    ]);
    const history = JSON.parse(await helm("history", "shop", "-n", "web", "-o", "json")) as object[];
    expect(history).toMatchObject([
      { revision: 1, status: "superseded", description: "Install complete" },
      { revision: 2, status: "deployed", description: "Upgrade complete" },
    ]);
    expect((await helm("get", "manifest", "shop", "-n", "web")).trim()).toBe(manifest.trim());
    expect(JSON.parse(await helm("get", "values", "shop", "-n", "web", "-o", "json"))).toEqual({
      color: "blue",
      big: 10_000_000,
    });
    expect(await helm("get", "notes", "shop", "-n", "web")).toContain("Well done, shop.");
    expect(await helm("get", "hooks", "shop", "-n", "web")).toContain("# Source: web/templates/hook-a.yaml");
    expect(JSON.parse(await helm("get", "metadata", "shop", "-n", "web", "-o", "json"))).toMatchObject({
      chart: "web",
      version: "1.2.3",
      revision: 2,
      status: "deployed",
    });
  });
});

/** As much of an API server as reading Secrets needs. */
async function secretsApi(secrets: readonly { readonly metadata: { readonly name: string } }[]) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "", "http://localhost");
    const name = /^\/api\/v1\/namespaces\/web\/secrets\/([^/]+)$/.exec(pathname)?.[1];
    const one = secrets.find((secret) => secret.metadata.name === name);
    const isList = pathname === "/api/v1/namespaces/web/secrets";
    const body = isList ? { kind: "SecretList", apiVersion: "v1", metadata: {}, items: secrets } : one;
    const version = pathname === "/version" ? { major: "1", minor: "33", gitVersion: "v1.33.1" } : undefined;
    const answer = body ??
      version ?? { kind: "Status", apiVersion: "v1", status: "Failure", reason: "NotFound", code: 404 };
    response.writeHead(body === undefined && version === undefined ? 404 : 200, { "content-type": "application/json" });
    response.end(JSON.stringify(answer));
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const kubeconfig = JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster: { server: address } }],
    contexts: [{ name: "c", context: { cluster: "c", user: "u" } }],
    users: [{ name: "u", user: {} }],
    "current-context": "c",
  });
  const close = async () => {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  return { kubeconfig, [Symbol.asyncDispose]: close };
}
