import type { ReleasePolicy } from "#core/release/release-policy.ts";
import type { AppWork } from "../app-state.ts";
import type { ReleaseState } from "./release-state.ts";

/** One app that is kept as a Helm release, at work. */
export interface ReleaseWork {
  readonly work: AppWork;
  readonly policy: ReleasePolicy;
  readonly release: ReleaseState;
}

/** The release at work of an app that is one. */
export function releaseWork(work: AppWork): ReleaseWork {
  const { app, release } = work.state;
  if (!app.release || !release) throw new Error(`Cannot release ${app.key}: it is no Helm release`);
  return { work, policy: app.release, release };
}
