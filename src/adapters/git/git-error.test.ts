import { expect, test } from "vitest";
import { DeadlineError } from "#async/with-deadline.ts";
import { asTimeout, gitFailure, scrubbed } from "./git-error.ts";

test.each([
  ["fatal: Authentication failed for 'https://example.org/a/'", "authentication", "auth"],
  ["remote: HTTP Basic: Access denied", "authentication", "auth"],
  ["error: RPC failed; HTTP 403 curl 22 The requested URL returned error: 403", "authentication", "auth"],
  ["fatal: could not read Username for 'https://example.org': terminal prompts disabled", "authentication", "auth"],
  ["fatal: unable to access 'https://x/': SSL certificate problem: certificate has expired", "certificate", "fetch"],
  ["fatal: unable to access 'https://x/': getpeername() failed with errno 107: x", "certificate", "fetch"],
  ["fatal: unable to access 'http://x/': getpeername() failed with errno 107: x", "unreachable", "fetch"],
  ["fatal: unable to access 'https://x/': Could not resolve host: x", "unreachable", "fetch"],
  ["fatal: unable to access 'https://x/': Operation too slow. Less than 1 bytes/sec", "timeout", "fetch"],
  ["fatal: unable to access 'https://x/': The requested URL returned error: 503", "unreachable", "fetch"],
  ["fatal: repository 'https://x/' not found", "repository-not-found", "fetch"],
  ["ERROR: Repository not found.\nfatal: Could not read from remote repository.", "repository-not-found", "fetch"],
  ["fatal: remote error: upload-pack: not our ref 0123", "commit-not-found", "ref"],
  ["error: object 12ab: hasDotgit: contains '.git'\nfatal: fsck error in packed object", "refused-content", "fetch"],
  ["error: index-pack died of signal 25\nfatal: fetch-pack: invalid index-pack output", "too-large", "fetch"],
  [" ! [rejected]  1 -> main (fetch first)\nerror: failed to push some refs", "rejected", "fetch"],
  ["something unheard of", "failed", "fetch"],
])("gitFailure() reads %j as %s", (stderr, code, failure) => {
  expect(gitFailure("fetch", stderr)).toMatchObject({ code, failure });
});

test("gitFailure() says action, state and git's own words on one line, without credentials", () => {
  const stderr =
    "hint: x\nfatal: unable to access 'https://ada:hunter2@example.org/': token t0k3n failed\u0007\nfatal: more";
  expect(gitFailure("fetch", stderr, ["t0k3n", ""]).message).toBe(
    "Cannot fetch: the server cannot be reached (fatal: unable to access 'https://example.org/': token *** failed)",
  );
  expect(gitFailure("fetch", "x".repeat(9_000)).message.length).toBeLessThan(400);
});

test("scrubbed() removes user information of every address", () => {
  expect(scrubbed("a http://u:p@h/x ssh://k@h/ https://h/u@v", [])).toBe("a http://h/x ssh://h/ https://h/u@v");
});

test("asTimeout() names the time that passed and leaves other errors alone", () => {
  expect(asTimeout("fetch", new DeadlineError(1_500))).toMatchObject({
    code: "timeout",
    message: "Cannot fetch: no answer within 1.5 s",
  });
  const other = new Error("stop");
  expect(asTimeout("fetch", other)).toBe(other);
});
