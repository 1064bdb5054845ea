import { describe, expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { dataOf, useFluxWorld } from "./flux-world.ts";

const world = useFluxWorld();

const settings = (name: string, text: string) =>
  `apiVersion: v1\nkind: ConfigMap\nmetadata: {name: ${name}}\ndata:\n  value: ${text}\n`;

describe.concurrent("postBuild", () => {
  test("variables are filled in from the Kustomization, ConfigMaps and Secrets, and follow their changes", async () => {
    const space = await world().space("variables");
    const from = (kind: string, data: Record<string, string>) =>
      world().apply({
        apiVersion: "v1",
        kind,
        metadata: { name: "vars", namespace: space.name },
        ...wrapped(kind, data),
      });
    await from("ConfigMap", { REGION: "eu", SIZE: "1" });
    await from("Secret", { SIZE: "2" });
    const commit = await space.commit({
      "app/a.yaml": settings("a", '"${REGION}-${SIZE}-${OWN}-${NONE:=default}-$${KEPT}"'),
    });
    const vars = ["ConfigMap", "Secret"].map((kind) => ({ kind, name: "vars" }));
    const value = async () => dataOf(await world().get(space.configMap("a")))?.["value"];
    await space.kustomization({ postBuild: { substitute: { OWN: "x" }, substituteFrom: vars } });
    await space.applied(commit);
    expect(await value()).toBe("eu-2-x-default-${KEPT}");
    await from("Secret", { SIZE: "3" });
    await eventually("the new value is there", async () => (await value()) === "eu-3-x-default-${KEPT}");
  });

  test("what is not there is named, and everything goes on once it is", async () => {
    const space = await world().space("missing-variables");
    const commit = await space.commit({ "app/a.yaml": settings("a", "${SIZE}") });
    await space.kustomization({ postBuild: { substituteFrom: [{ kind: "ConfigMap", name: "vars" }] } });
    const failed = await space.says('configmaps "vars" not found', {});
    expect(failed).toMatchObject({ status: "False", reason: "BuildFailed" });
    const vars = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "vars", namespace: space.name } };
    await world().apply({ ...vars, data: { OTHER: "1" } });
    const undefinedVariable = await space.says("SIZE", {});
    expect(undefinedVariable.message).toMatch(/app\/a\.yaml:\d+/);
    await world().apply({ ...vars, data: { SIZE: "big" } });
    await space.applied(commit);
    expect(dataOf(await world().get(space.configMap("a")))).toEqual({ value: "big" });
  });

  test("an object that opts out keeps its text", async () => {
    const space = await world().space("opted-out");
    const annotations = 'annotations: {kustomize.toolkit.fluxcd.io/substitute: "disabled"}';
    const text = settings("a", '"${NONE}"').replace("metadata: {name: a}", `metadata: {name: a, ${annotations}}`);
    const commit = await space.commit({ "app/a.yaml": text });
    await space.kustomization({ postBuild: { substitute: { OWN: "x" } } });
    await space.applied(commit);
    expect(dataOf(await world().get(space.configMap("a")))).toEqual({ value: "${NONE}" });
  });
});

function wrapped(kind: string, data: Record<string, string>): Record<string, unknown> {
  return kind === "Secret" ? { stringData: data } : { data };
}
