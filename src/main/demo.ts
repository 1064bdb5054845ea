import { exitCode } from "#cli/exit-code.ts";
import { exampleStory } from "./demo/example-story.ts";
import { lookAround } from "./demo/look-around.ts";
import { ownStory } from "./demo/own-story.ts";
import { perform } from "./demo/stage.ts";
import { spoken, storyOn } from "./demo/story.ts";

const stop = new AbortController();
const { signal } = stop;
for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.on(name, () => {
    // A second request does not wait for what the first one did not end.
    if (signal.aborted) process.exit(exitCode.interrupted);
    stop.abort(new Error(`stopped by ${name}`));
  });
}
// Nobody reads on: there is nobody to play for.
process.stdout.on("error", () => stop.abort(new Error("nobody reads the output")));

const story = storyOn(process.stdout);
const isAutomatic = !/^(|0|false)$/i.test(process.env["CI"] ?? "");
const isInteractive = process.stdout.isTTY === true && !isAutomatic;
process.exitCode = await main();

async function main(): Promise<number> {
  const repository = process.env["REPO"] ?? "";
  const path = process.env["PATH_IN_REPO"] ?? "";
  let isDone = false;
  try {
    const production =
      repository === "" ? exampleStory(story) : ownStory(story, { repository, path, mayAsk: isInteractive });
    await perform(
      {
        ...production,
        play: async (stage, scope) => {
          await production.play(stage, scope);
          isDone = true;
          story.say(`\nAll of it was checked against the API server, in ${spoken(story.elapsedMs)}.`);
          if (isInteractive) await lookAround(stage, scope);
        },
      },
      signal,
    );
    return exitCode.ok;
  } catch (error) {
    // To end it by Ctrl-C is how one leaves after the last act.
    if (signal.aborted) return isDone ? exitCode.ok : exitCode.interrupted;
    story.failed(error instanceof Error ? error.message : String(error));
    return exitCode.failed;
  }
}
