import { expect, test } from "vitest";
import { doneOnce } from "./done-once.ts";

test("doneOnce() works once for all who need it, and again only after a failure", async () => {
  let times = 0;
  const needed = doneOnce(async () => {
    times++;
    if (times === 1) throw new Error("not yet");
  });
  await expect(Promise.allSettled([needed(), needed()])).resolves.toMatchObject([
    { status: "rejected" },
    { status: "rejected" },
  ]);
  await Promise.all([needed(), needed()]);
  await needed();
  expect(times).toBe(2);
});
