import { styleText } from "node:util";
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
  /** Something that somebody did. */
  tell(who: string, what: string): void;
  /** Something that was seen to be true at the API server or in the repository. */
  seen(who: string, what: string): void;
  /** Words of somebody else, below the event that they belong to. */
  quote(text: string): void;
  failed(what: string): void;
  /** A line without a time. */
  say(text: string): void;
}

const WHO_WIDTH = 10;
const MARGIN = " ".repeat(11);
const MAX_WIDTH = 110;

/** A story on standard output, coloured on a terminal only. */
export function storyOn(output: NodeJS.WriteStream): Story {
  const startedAt = performance.now();
  const isColoured = output.isTTY === true && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    isColoured ? styleText(style, text, { validateStream: false }) : text;
  const print = (line: string) => output.write(`${line.trimEnd()}\n`);
  const elapsed = () => performance.now() - startedAt;
  const time = () => paint("dim", `${(elapsed() / 1_000).toFixed(1).padStart(6)} s`);
  const event = (mark: string, who: string, what: string) =>
    print(`${time()} ${mark} ${paint("cyan", who.padEnd(WHO_WIDTH))}${what}`);
  const width = Math.min(output.columns ?? MAX_WIDTH, MAX_WIDTH) - MARGIN.length - WHO_WIDTH - 2;
  let acts = 0;
  return {
    get elapsedMs() {
      return elapsed();
    },
    act: (title) => print(`\n${paint("bold", `${(acts += 1)}  ${title}`)}`),
    tell: (who, what) => event(" ", who, what),
    seen: (who, what) => event(paint("green", "✓"), who, what),
    quote: (text) => {
      const indent = " ".repeat(MARGIN.length + WHO_WIDTH);
      for (const line of wrapped(plainText(text), width)) print(`${indent}${paint("yellow", `│ ${line}`)}`);
    },
    failed: (what) => print(`${time()} ${paint("red", "✗")} ${what}`),
    say: (text) => print(text),
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
