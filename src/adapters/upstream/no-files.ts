import { UpstreamError } from "./upstream-error.ts";

/** Refuses what a helper asks during an operation that needs nothing but its input. */
export function noFiles(): Promise<never> {
  return Promise.reject(
    new UpstreamError({ code: "died", message: "the helper asks for a file that it does not need" }),
  );
}
