import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { eventually } from "../support/eventually.ts";
import { configMap, useArgoWorld } from "./argo-world.ts";

const world = useArgoWorld({ withNodes: false });
const { signal } = new AbortController();
const TRACKING = "argocd.argoproj.io/tracking-id";
const INSTANCE = "app.kubernetes.io/instance";

/** Writes `argocd-cm` as a person would; null: takes it away. */
async function settings(data: Readonly<Record<string, string>> | null): Promise<void> {
  const ref = { apiVersion: "v1", kind: "ConfigMap", namespace: "argocd", name: "argocd-cm" };
  if (data) {
    const object = {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: ref.name, namespace: ref.namespace },
      data,
    };
    await world.client.apply(object, { manager: "admin", signal });
    return;
  }
  const live = await world.client.get(ref, { signal });
  if (live) await world.client.delete(ref, { uid: live.metadata.uid ?? "", signal });
}

test("the tracking method counts from the moment it is chosen, and no object is made again for it", async () => {
  const app = world.app("tracked");
  const commit = await app.commit({ "a.yaml": configMap("a"), "b.yaml": configMap("b") });
  await app.create();
  await app.settled(commit);
  const marks = async (name: string) => {
    const metadata = (await app.object("ConfigMap", name))?.metadata;
    return {
      uid: metadata?.uid,
      id: metadata?.annotations?.[TRACKING],
      installation: metadata?.annotations?.["argocd.argoproj.io/installation-id"],
      label: metadata?.labels?.[INSTANCE],
      own: metadata?.labels?.["example.com/app"],
    };
  };
  const id = "tracked:/ConfigMap:in-tracked/a";
  const { uid } = await marks("a");
  const nothing = { uid, id: undefined, installation: undefined, label: undefined, own: undefined };
  const become = (wanted: object) =>
    eventually(`marks are ${JSON.stringify(wanted)}`, async () =>
      isDeepStrictEqual(await marks("a"), { ...nothing, ...wanted }),
    );
  await become({ id });
  await settings({ "application.resourceTrackingMethod": "annotation+label", installationID: "east" });
  await become({ id, label: "tracked", installation: "east" });
  await settings({ "application.resourceTrackingMethod": "label", "application.instanceLabelKey": "example.com/app" });
  await become({ own: "tracked" });
  // What is not usable changes nothing, and is told.
  await settings({ "application.resourceTrackingMethod": "lable", "application.instanceLabelKey": "example.com/app" });
  const told = 'application.resourceTrackingMethod: "lable" is none of annotation, annotation+label, label';
  const isTold = () => world.events.get("argocd-cm")?.some(({ message }) => message === told);
  await eventually("the problem is told", isTold);
  await become({ own: "tracked" });
  const next = await app.commit({ "b.yaml": null });
  await app.refresh();
  await app.settled(next);
  expect(await app.config("b")).toBeNull();
  await settings(null);
  await become({ id });
});
