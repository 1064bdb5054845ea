import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Resource } from "#core/resource/resource.ts";
import { keepIgnored } from "./keep-ignored.ts";

const desired: Resource = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "web", annotations: { "a/b": "declared" } },
  spec: { replicas: 2, template: { containers: [{ name: "web", image: "web:1" }] } },
};

function liveWith(changes: object): Resource {
  return { ...desired, ...changes };
}

describe("keepIgnored()", () => {
  const cases = [
    {
      name: "takes the live value",
      live: liveWith({ spec: { replicas: 7 } }),
      pointers: ["/spec/replicas"],
      want: { replicas: 7, template: { containers: [{ name: "web", image: "web:1" }] } },
    },
    {
      name: "takes the live value inside a list",
      live: liveWith({ spec: { template: { containers: [{ name: "web", image: "web:9" }] } } }),
      pointers: ["/spec/template/containers/0/image"],
      want: { replicas: 2, template: { containers: [{ name: "web", image: "web:9" }] } },
    },
    {
      name: "declares nothing that it did not declare",
      live: liveWith({ spec: { paused: true, replicas: 2 } }),
      pointers: ["/spec/paused"],
      want: desired["spec"],
    },
    {
      name: "leaves out what the live object lacks",
      live: liveWith({ spec: {} }),
      pointers: ["/spec/replicas"],
      want: { template: { containers: [{ name: "web", image: "web:1" }] } },
    },
  ];
  test.each(cases)("$name", ({ live, pointers, want }) => {
    expect(keepIgnored(desired, live, pointers)["spec"]).toEqual(want);
  });

  test("reads escaped names", () => {
    const live = liveWith({ metadata: { name: "web", annotations: { "a/b": "live" } } });
    const kept = keepIgnored(desired, live, ["/metadata/annotations/a~1b"]);
    expect(kept.metadata.annotations).toEqual({ "a/b": "live" });
  });

  test("changes nothing where live and declared agree, whatever is ignored", () => {
    const pointer = fc.constantFrom(
      "/spec",
      "/spec/replicas",
      "/spec/template/containers/0",
      "/none",
      "/metadata/name",
    );
    fc.assert(
      fc.property(fc.array(pointer), (pointers) => {
        expect(keepIgnored(desired, structuredClone(desired), pointers)).toEqual(desired);
      }),
    );
  });
});
