import { gzipSync } from "node:zlib";
import { goProgramPath } from "#adapters/go-program.ts";
import { memoryTree } from "#core/source/memory-tree.ts";
import type { MemoryFile } from "#core/source/memory-tree.ts";
import { HelperPool, defaultPoolOptions } from "./helper-pool.ts";
import { helmRender } from "./helm-render.ts";
import type { HelmRender, HelmRendered } from "./helm-render.ts";
import type { ChartSource } from "./helm-source.ts";
import { UpstreamError } from "./upstream-error.ts";

const signal = new AbortController().signal;

/** A Chart.yaml. */
export const chartYaml = (name: string, extra = "", version = "1.2.3") =>
  `apiVersion: v2\nname: ${name}\nversion: ${version}\nappVersion: "2.0"\n${extra}`;
/** A ConfigMap template with one line of data. */
export const settings = (name: string, line: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: ${name}\ndata:\n  ${line}\n`;

/** An entry of a tar archive: a file by its content, or a link. */
export type TarEntry = readonly [name: string, content: string | Uint8Array | { readonly link: string }];

/** A gzipped tar archive of exactly these entries, however odd. */
export function tarball(entries: readonly TarEntry[]): Uint8Array {
  return gzipSync(Buffer.concat([...entries.flatMap(tarEntry), Buffer.alloc(1024)]));
}

function tarEntry([name, content]: TarEntry): Buffer[] {
  const isLink = typeof content === "object" && "link" in content;
  const body = isLink ? Buffer.alloc(0) : Buffer.from(content);
  const head = Buffer.alloc(512);
  const octal = (value: number, width: number) => value.toString(8).padStart(width - 1, "0") + "\0";
  head.write(name, 0, 100);
  head.write(octal(0o644, 8) + octal(0, 8) + octal(0, 8) + octal(body.length, 12) + octal(0, 12), 100);
  head.write("        " + (isLink ? "2" : "0"), 148);
  if (isLink) head.write(content.link, 157, 100);
  head.write("ustar\0" + "00", 257);
  head.write(
    octal(
      head.reduce((sum, byte) => sum + byte, 0),
      7,
    ) + "\0",
    148,
  );
  return [head, body, Buffer.alloc((512 - (body.length % 512)) % 512)];
}

/** The packed form of a chart's files. */
export function packedChart(name: string, files: Readonly<Record<string, string | Uint8Array>>): Uint8Array {
  return tarball(Object.entries(files).map(([path, content]) => [`${name}/${path}`, content] as const));
}

/** A chart in the root of a tree. */
export function chartTree(files: Readonly<Record<string, MemoryFile>>, path = ""): ChartSource {
  return { kind: "directory", tree: memoryTree(files), path };
}

/** Renders on a pool of the test's own. */
export class HelmBench {
  readonly pool = new HelperPool(defaultPoolOptions(goProgramPath("holdfast-upstream-all")));

  render(chart: ChartSource, wanted: Partial<HelmRender> = {}): Promise<HelmRendered> {
    const release = { name: "shop", namespace: "web", revision: 1, isUpgrade: false };
    return helmRender(this.pool, { values: [], release, ...wanted, chart }, signal);
  }

  async refusal(chart: ChartSource, wanted: Partial<HelmRender> = {}): Promise<UpstreamError> {
    const error = await this.render(chart, wanted).catch((thrown: unknown) => thrown);
    if (error instanceof UpstreamError) return error;
    throw new Error(`not refused: ${JSON.stringify(error)}`);
  }
}
