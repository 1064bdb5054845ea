/** Git settings, passed by environment so that nothing shows in argument lists. */
export type GitSettings = readonly (readonly [key: string, value: string])[];

/** What every git process of a store shares. */
export interface GitSurroundings {
  /** An empty directory that stands in for the user's home. */
  readonly home: string;
  readonly searchPath: string;
}

/** Where a git process reads and writes. */
export interface GitPlace {
  readonly gitDir: string;
  readonly objects: string;
}

const always: GitSettings = [
  ["protocol.allow", "never"],
  ["core.hooksPath", "/dev/null"],
  ["core.bigFileThreshold", "16m"],
  ["core.fsmonitor", "false"],
  ["credential.helper", ""],
  ["gc.auto", "0"],
  ["maintenance.auto", "false"],
  ["pack.threads", "2"],
  ["pack.windowMemory", "32m"],
];

const transport: GitSettings = [
  ["transfer.fsckObjects", "true"],
  // Old but harmless history that hosting services accept as well.
  ["fetch.fsck.zeroPaddedFilemode", "ignore"],
  ["fetch.fsck.missingSpaceBeforeDate", "ignore"],
  ["fetch.fsck.badTimezone", "ignore"],
  ["fetch.fsck.missingEmail", "ignore"],
  ["http.followRedirects", "false"],
  ["http.lowSpeedLimit", "1"],
  ["http.lowSpeedTime", "60"],
  ["submodule.recurse", "false"],
];

/** Environment of a process that reads or writes the local store: every transport is forbidden. */
export function localEnvironment(
  surroundings: GitSurroundings,
  place: GitPlace,
  settings: GitSettings = [],
): NodeJS.ProcessEnv {
  return {
    PATH: surroundings.searchPath,
    HOME: surroundings.home,
    XDG_CONFIG_HOME: surroundings.home,
    LC_ALL: "C",
    GIT_DIR: place.gitDir,
    GIT_OBJECT_DIRECTORY: place.objects,
    GIT_CONFIG_NOSYSTEM: "1",
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_ATTR_NOSYSTEM: "1",
    GIT_TERMINAL_PROMPT: "0",
    GIT_ASKPASS: "",
    GIT_NO_LAZY_FETCH: "1",
    GIT_NO_REPLACE_OBJECTS: "1",
    GIT_OPTIONAL_LOCKS: "0",
    ...settingsEnvironment([...always, ...settings]),
  };
}

/** Environment of a process that talks to the server, by the one transport that the address needs. */
export function transportEnvironment(
  surroundings: GitSurroundings,
  place: GitPlace,
  remote: { address: string; transport: string; settings: GitSettings; env: NodeJS.ProcessEnv; isProxied: boolean },
): NodeJS.ProcessEnv {
  const settings: GitSettings = [
    ...transport,
    [`protocol.${remote.transport}.allow`, "always"],
    ["remote.origin.url", remote.address],
    ...remote.settings,
  ];
  return { ...ambient(remote.isProxied), ...localEnvironment(surroundings, place, settings), ...remote.env };
}

function settingsEnvironment(settings: GitSettings): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { GIT_CONFIG_COUNT: String(settings.length) };
  settings.forEach(([key, value], at) => {
    env[`GIT_CONFIG_KEY_${at}`] = key;
    env[`GIT_CONFIG_VALUE_${at}`] = value;
  });
  return env;
}

const proxyNames = ["http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"];

/** A proxy of its own stands alone: exceptions of the environment are none for it. */
function ambient(isProxied: boolean): NodeJS.ProcessEnv {
  const found: NodeJS.ProcessEnv = {};
  for (const name of ["SSL_CERT_FILE", "SSL_CERT_DIR", ...(isProxied ? [] : proxyNames)]) {
    const value = process.env[name];
    if (value !== undefined) found[name] = value;
  }
  return found;
}
