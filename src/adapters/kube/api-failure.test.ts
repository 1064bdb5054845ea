import { expect, test } from "vitest";
import { isVerdict } from "#core/cluster/api-error.ts";
import { failureOf } from "./api-failure.ts";

const subject = { verb: "apply", kind: "ConfigMap", text: "ConfigMap/shop/a" };
const secret = { verb: "apply", kind: "Secret", text: "Secret/shop/a" };
const status = (fields: object) => JSON.stringify({ kind: "Status", status: "Failure", ...fields });
const answered = (code: number, body: string, retryAfter?: string) => ({ status: code, retryAfter, body });

test("failureOf() carries reason, message, causes and Retry-After", () => {
  const body = status({
    reason: "Invalid",
    message: "it is bad",
    details: { causes: [{ reason: "FieldValueInvalid", message: "no", field: "data.x" }], retryAfterSeconds: 3 },
  });
  const error = failureOf(subject, answered(422, body));
  expect(error).toMatchObject({
    code: 422,
    reason: "Invalid",
    message: "Cannot apply ConfigMap/shop/a: it is bad",
    causes: [{ reason: "FieldValueInvalid", message: "no", field: "data.x" }],
    retryAfterMs: 3_000,
  });
  expect(failureOf(subject, answered(429, "", "7")).retryAfterMs).toBe(7_000);
});

test("failureOf() names a reason when the answer is no Status", () => {
  expect(failureOf(subject, answered(502, "<html>proxy</html>"))).toMatchObject({
    reason: "BadGateway",
    message: "Cannot apply ConfigMap/shop/a: BadGateway",
  });
  expect(failureOf(subject, answered(404, "404 page not found\n")).reason).toBe("NotServed");
  expect(failureOf(subject, answered(503, '{"kind":"Sta')).reason).toBe("ServiceUnavailable");
});

test("failureOf() takes an object that does not fit its schema as its own fault, although the server says 500", () => {
  const message =
    'failed to create typed patch object (shop/a; apps/v1, Kind=Deployment): errors:\n  .spec.replicas: expected numeric (int or float), got string\n  .spec.containers[name="c:d"].imag: field not declared in schema';
  const error = failureOf(subject, answered(500, status({ message })));
  expect(error.code).toBe(422);
  expect(isVerdict(error)).toBe(true);
  expect(error.causes.map(({ field, message: said }) => [field, said])).toEqual([
    ["spec.replicas", "expected numeric (int or float), got string"],
    ['spec.containers[name="c:d"].imag', "field not declared in schema"],
  ]);
});

test("failureOf() says what to do about an entry that stands in a list twice", () => {
  const message =
    'failed to create typed patch object (shop/a; apps/v1, Kind=Deployment): .spec.containers[name="web"].env: duplicate entries for key [name="COLOR"]';
  const error = failureOf(subject, answered(500, status({ message })));
  expect(error.message).toContain(
    'containers[name="web"].env: duplicate entries for key [name="COLOR"]; leave all but',
  );
});

test("failureOf() takes a webhook that does not answer as the fault of the objects that it guards", () => {
  const message =
    'Internal error occurred: failed calling webhook "check.test": failed to call webhook: no endpoints available';
  const error = failureOf(subject, answered(500, status({ reason: "InternalError", message })));
  expect(error.message).toContain('webhook "check.test"');
  expect(isVerdict(error)).toBe(true);
  const other = failureOf(subject, answered(500, status({ reason: "InternalError", message: "etcd is slow" })));
  expect(isVerdict(other)).toBe(false);
});

const leaks: readonly (readonly [string, number, object])[] = [
  [
    "invalid",
    422,
    {
      reason: "Invalid",
      message: 'data[k]: Invalid value: "hunter2"',
      details: { causes: [{ field: "data[k]", message: "hunter2" }] },
    },
  ],
  ["admission", 403, { reason: "Forbidden", message: "admission webhook denied: hunter2 is weak" }],
  ["decode", 400, { reason: "BadRequest", message: "cannot decode hunter2" }],
  [
    "schema",
    500,
    { message: 'failed to create typed patch object (shop/a; /v1, Kind=Secret): .data: expected map, got "hunter2"' },
  ],
  ["plain text", 502, {}],
];

test.each(leaks)("failureOf() repeats no value of a Secret: %s", (_name, code, fields) => {
  const body = "message" in fields ? status(fields) : "upstream said hunter2";
  const error = failureOf(secret, answered(code, body));
  expect(`${error.message} ${JSON.stringify(error)}`).not.toContain("hunter2");
  expect(error.message).toContain("Cannot apply Secret/shop/a");
});

test("failureOf() keeps what names no value of a Secret: missing rights and missing objects", () => {
  const forbidden =
    'secrets "a" is forbidden: User "u" cannot patch resource "secrets" in API group "" in the namespace "shop"';
  expect(failureOf(secret, answered(403, status({ reason: "Forbidden", message: forbidden }))).message).toContain(
    forbidden,
  );
  const field = status({ reason: "Invalid", details: { causes: [{ field: "data[k]", reason: "FieldValueInvalid" }] } });
  expect(failureOf(secret, answered(422, field)).message).toContain("(data[k]: FieldValueInvalid)");
});
