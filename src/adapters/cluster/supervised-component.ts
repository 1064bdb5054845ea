import { appendFile } from "node:fs/promises";
import { ComponentError, logTail, startComponent } from "./component.ts";
import type { Component, ComponentCommand } from "./component.ts";

const restartAfterMs = 1_000;

/** One program of the control plane that is started again when it ends by itself. */
export class SupervisedComponent {
  readonly name: string;
  readonly #command: ComponentCommand;
  #running: Component | undefined;
  #restart: NodeJS.Timeout | undefined;
  #isWanted = false;

  constructor(command: ComponentCommand) {
    this.name = command.name;
    this.#command = command;
  }

  /** Process id, while the program runs. */
  get pid(): number | undefined {
    return this.#running?.pid;
  }

  /** Starts the program unless it runs already. */
  async start(): Promise<void> {
    clearTimeout(this.#restart);
    if (this.#running !== undefined) return;
    this.#isWanted = true;
    const component = await startComponent(this.#command);
    // Stopped while the program was being started.
    if (!this.#isWanted) return await component.kill();
    this.#running = component;
    component.ended.then((how) => this.#onEnd(component, how)).catch(() => undefined);
  }

  /** Kills the program as a crash would, and resolves when it is gone and stays so. */
  async kill(): Promise<void> {
    await this.#release()?.kill();
  }

  /** Throws, with the end of its log, when the program is not running. */
  async assertRunning(): Promise<void> {
    if (this.#running !== undefined) return;
    throw new ComponentError(
      `Cannot run ${this.name}: it ended; its log is ${this.#command.logPath}\n${await logTail(this.#command.logPath)}`,
    );
  }

  #release(): Component | undefined {
    clearTimeout(this.#restart);
    this.#isWanted = false;
    const component = this.#running;
    this.#running = undefined;
    return component;
  }

  async #onEnd(component: Component, how: string): Promise<void> {
    if (this.#running !== component) return;
    this.#running = undefined;
    this.#restart = setTimeout(() => {
      this.start().catch((error: Error) => appendFile(component.logPath, `${error.message}\n`));
    }, restartAfterMs).unref();
    await appendFile(component.logPath, `${this.name} ended with ${how}; it is started again\n`);
  }
}
