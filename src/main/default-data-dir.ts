import { homedir } from "node:os";
import { join } from "node:path";

/** Where a controller that somebody starts by hand keeps what it fetched and its history. */
export const defaultDataDir = join(
  process.env["XDG_STATE_HOME"] || join(homedir(), ".local", "state"),
  "holdfast",
  "controller",
);
