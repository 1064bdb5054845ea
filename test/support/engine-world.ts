import { afterAll, beforeAll } from "vitest";
import type { ControlPlane } from "#adapters/cluster/control-plane.ts";
import type { ConnectedCluster } from "#adapters/kube/cluster-client.ts";
import { useControlPlane } from "./control-plane.ts";
import { adminClient, installDefinitions, settingsOf, startEngine, type TestEngine } from "./engine.ts";
import { type GitServer, startGitServer } from "./git-server.ts";

/** A Git server, a control plane with the project's definitions, and a controller that serves it. */
export interface EngineWorld {
  readonly plane: ControlPlane;
  readonly git: GitServer;
  readonly client: ConnectedCluster;
  readonly engine: TestEngine;
}

/** Gives the tests of a file one world to share; its parts are there once the tests run. */
export function useEngineWorld(options: Parameters<typeof useControlPlane>[0] = {}): EngineWorld {
  const plane = useControlPlane(options);
  const { signal } = new AbortController();
  const world = {} as { -readonly [Part in keyof EngineWorld]: EngineWorld[Part] };

  beforeAll(async () => {
    world.plane = plane();
    world.git = await startGitServer();
    world.client = adminClient(world.plane);
    await installDefinitions(world.client, signal);
    world.engine = await startEngine(settingsOf(world.plane));
  });

  afterAll(async () => {
    await world.engine?.stop();
    await world.client?.close();
    await world.git?.stop();
  });

  return world;
}
