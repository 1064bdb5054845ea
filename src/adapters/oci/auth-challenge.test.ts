import { expect, test } from "vitest";
import { parseAuthChallenge } from "./auth-challenge.ts";

const bearer = { scheme: "bearer", realm: "https://a.test/token", service: "s", scope: "repository:x:pull,push" };
const cases = [
  { header: 'Bearer realm="https://a.test/token",service="s",scope="repository:x:pull,push"', want: bearer },
  { header: 'bearer scope="repository:x:pull,push", SERVICE=s , Realm = "https://a.test/token"', want: bearer },
  {
    header: ["Basic realm=x", 'Bearer realm="https://a.test/token",service="s",scope="repository:x:pull,push"'],
    want: bearer,
  },
  {
    header: 'Bearer realm="https://a.test/\\"q\\""',
    want: { ...bearer, realm: 'https://a.test/"q"', service: "", scope: "" },
  },
  { header: 'Basic realm="registry"', want: { scheme: "basic" } },
  { header: "basic", want: { scheme: "basic" } },
  { header: 'Bearer error="x", Basic realm="y"', want: { scheme: "basic" } },
  { header: "Negotiate", want: undefined },
  { header: "Basically anything", want: undefined },
  { header: undefined, want: undefined },
];
for (const { header, want } of cases) {
  test(`parseAuthChallenge() reads ${JSON.stringify(header)}`, () => expect(parseAuthChallenge(header)).toEqual(want));
}

test("parseAuthChallenge() is done quickly with a hostile header", () => {
  const started = performance.now();
  for (const part of ["a", "\\", ",", 'x="', "bearer "]) parseAuthChallenge(`Bearer ${part.repeat(16_000)}`);
  expect(performance.now() - started).toBeLessThan(1_000);
});
