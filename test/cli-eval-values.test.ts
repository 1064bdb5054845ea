import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCli } from "./support/cli-program.ts";
import { temporaryDirectory } from "./support/control-plane.ts";

const release = `apiVersion: helm.toolkit.fluxcd.io/v2
kind: HelmRelease
metadata: {name: web, namespace: shop}
spec:
  valuesFrom: [{kind: ConfigMap, name: base}]
  values: {replicas: 2}
`;
const base = `apiVersion: v1
kind: ConfigMap
metadata: {name: base}
data: {values.yaml: "replicas: 1\\nimage: 'on'"}
`;

test("eval values prints the merged values as YAML or JSON, with files and standard input", async () => {
  const home = await temporaryDirectory();
  await writeFile(join(home, "release.yaml"), release);
  await writeFile(join(home, "base.yaml"), base);
  const run = (args: readonly string[], input = "") => runCli({ home, kubeconfig: "/nowhere" }, args, input);
  const file = ["eval", "values", "-f", join(home, "release.yaml")];
  const plain = await run([...file, "--with", join(home, "base.yaml")]);
  expect(plain).toEqual({ code: 0, out: '---\nimage: "on"\nreplicas: 2\n', err: "" });
  const piped = await run([...file, "--with", "-", "-o", "json"], base);
  expect(JSON.parse(piped.out)).toEqual({ replicas: 2, image: "on" });
  const missing = await run(file);
  expect([missing.code, missing.err]).toEqual([4, expect.stringContaining("--with")]);
});
