import { createColors } from "picocolors";

/** Colours and weights of text; each is the identity where there is no terminal. */
export type Paint = Pick<ReturnType<typeof createColors>, "bold" | "cyan" | "dim" | "green" | "red" | "yellow">;

/** Where a command writes: results to `out`, everything else to `note`. */
export interface Terminal {
  readonly paint: Paint;
  /** Writes text as it is. */
  out(text: string): void;
  /** Writes one line for a person beside the results. */
  note(line: string): void;
  /** Shows that something goes on, in place on a terminal; a new text replaces the last, null ends it. */
  progress(text: string | null): void;
}

/** The terminal of this process. */
export function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  const color = stdout.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  const isLive = stderr.isTTY === true;
  let shown = "";
  const clear = () => {
    if (shown !== "" && isLive) stderr.write("\r\x1b[K");
  };
  return {
    paint: createColors(color),
    out: (text) => {
      clear();
      shown = "";
      stdout.write(text);
    },
    note: (line) => {
      clear();
      shown = "";
      stderr.write(`${line}\n`);
    },
    progress: (text) => {
      if (text === shown) return;
      clear();
      shown = text ?? "";
      if (text === null) return;
      stderr.write(isLive ? `${text.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))}` : `${text}\n`);
    },
  };
}

/** Text of the cluster made fit for a terminal: on one line and without control characters. */
export function plainText(text: string): string {
  // oxlint-disable-next-line no-control-regex
  return text.replace(/\s+/g, " ").replace(/[\x00-\x1f\x7f-\x9f]/g, "");
}
