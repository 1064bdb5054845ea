/** Exit codes of every command; docs/reference/exit-codes.md explains them. They never change their meaning. */
export const exitCode = {
  ok: 0,
  failed: 1,
  usage: 2,
  different: 3,
  notFound: 4,
  refused: 5,
  notHealthy: 6,
  problemsFound: 7,
  unreachable: 8,
  leaseLost: 9,
  interrupted: 130,
} as const;

/** One of the exit codes. */
export type ExitCode = (typeof exitCode)[keyof typeof exitCode];
