import { describe, expect, test } from "vitest";
import { maxReleaseNameLength, releaseNameOf } from "./release-name.ts";

const long = "a-rather-long-name-for-a-release-that-goes-on-and-on-and-on";

describe("releaseNameOf()", () => {
  test("takes the given name, else the object's name after its target namespace", () => {
    expect(releaseNameOf({ name: "web" })).toBe("web");
    expect(releaseNameOf({ name: "web", targetNamespace: "shop" })).toBe("shop-web");
    expect(releaseNameOf({ name: "web", targetNamespace: "shop", releaseName: "mine" })).toBe("mine");
    expect(releaseNameOf({ name: "web", targetNamespace: "", releaseName: "" })).toBe("web");
  });

  test("keeps 53 characters and shortens more to 40, a dash and 12 of the hash", () => {
    expect(releaseNameOf({ name: long.slice(0, maxReleaseNameLength) })).toBe(long.slice(0, 53));
    // printf a-rather-long-… | sha256sum
    expect(releaseNameOf({ name: long })).toBe("a-rather-long-name-for-a-release-that-go-c6c6b4c26d1c");
    expect(releaseNameOf({ name: "web", releaseName: long })).toHaveLength(53);
  });
});
