import { createColors } from "picocolors";
import { plainText } from "#cli/terminal.ts";

/** Thrown when an act of the demonstration did not happen as it must. */
export class StoryError extends Error {
  override readonly name = "StoryError";
}

/** Tells what happens, one line per event, each with the time since the beginning. */
export interface Story {
  readonly elapsedMs: number;
  /** Begins an act. */
  act(title: string): void;
  /** Something that somebody did or said; `quote` are their own words. */
  tell(who: string, what: string, quote?: string): void;
  /** Something that was seen to be true at the API server or in the repository. */
  seen(who: string, what: string, quote?: string): void;
  failed(what: string): void;
  /** A line without a time. */
  say(text: string): void;
}

const WHO_WIDTH = 10;
/** As wide as time, mark and who. */
const INDENT = " ".repeat(11 + WHO_WIDTH);
const MAX_WIDTH = 110;

/** A story on standard output, coloured on a terminal only. */
export function storyOn(output: NodeJS.WriteStream): Story {
  const startedAt = performance.now();
  const isColoured = output.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  const paint = createColors(isColoured);
  const print = (line: string) => output.write(`${line.trimEnd()}\n`);
  const elapsed = () => performance.now() - startedAt;
  const time = () => paint.dim(`${(elapsed() / 1_000).toFixed(1).padStart(6)} s`);
  const width = Math.min(output.columns || MAX_WIDTH, MAX_WIDTH) - INDENT.length - 2;
  const event = (mark: string, who: string, words: { what: string; quote: string | undefined }) => {
    print(`${time()} ${mark} ${paint.cyan(who.padEnd(WHO_WIDTH))}${words.what}`);
    const lines = words.quote === undefined ? [] : wrapped(plainText(words.quote), width);
    for (const line of lines) print(`${INDENT}${paint.yellow(`│ ${line}`)}`);
  };
  let acts = 0;
  return {
    get elapsedMs() {
      return elapsed();
    },
    act: (title) => print(`\n${paint.bold(`${(acts += 1)}  ${title}`)}`),
    tell: (who, what, quote) => event(" ", who, { what, quote }),
    seen: (who, what, quote) => event(paint.green("✓"), who, { what, quote }),
    failed: (what) => print(`${time()} ${paint.red("✗")} ${what}`),
    say: (text) => output.write(`${text}\n`),
  };
}

/** Milliseconds as people say them. */
export function spoken(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(1)} s`;
}

function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + word.length >= Math.max(width, 30)) {
      lines.push(line);
      line = "";
    }
    line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
