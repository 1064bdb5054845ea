import { editsHealed, fileRemoved, firstSync, newImage } from "./change-acts.ts";
import { makeRepository } from "./demo-repository.ts";
import { exampleRepository } from "./example-files.ts";
import { badCommit, everythingHeld, rolledBack } from "./safety-acts.ts";
import type { Production } from "./stage.ts";
import type { Story } from "./story.ts";

const acts = [firstSync, newImage, editsHealed, fileRemoved, badCommit, rolledBack, everythingHeld] as const;

/** The whole story, with a repository made from the examples. */
export function exampleStory(story: Story): Production {
  return {
    story,
    makeRepository: (place, signal) => makeRepository(place, exampleRepository, signal),
    play: async (stage, signal) => {
      for (const act of acts) await act(stage, signal);
    },
  };
}
