import { ConnectionError } from "#adapters/kube/connection.ts";
import { ApiError } from "#core/cluster/api-error.ts";
import { SourceError } from "#core/source/source-error.ts";
import { CliError } from "#cli/cli-error.ts";
import { exitCode } from "#cli/exit-code.ts";

/** A failure of the world as commands tell it: with the way out and its exit code. */
export function explained(error: unknown): unknown {
  if (error instanceof CliError) return error;
  if (error instanceof ConnectionError) {
    return new CliError(error.message, {
      advice: "Choose a cluster with --kubeconfig or KUBECONFIG, or start one: holdfast cluster up",
      exitCode: exitCode.unreachable,
      cause: error,
    });
  }
  if (error instanceof SourceError) {
    const advice = error.failure === "auth" ? "Check the Secret that the source refers to." : "";
    return new CliError(error.message, { advice, cause: error });
  }
  return error instanceof ApiError ? apiFailure(error) : error;
}

function apiFailure(error: ApiError): CliError {
  const { message, code } = error;
  const unreachable = exitCode.unreachable;
  if (code === 0) {
    const advice = "Check that the cluster runs and that the kubeconfig points to it.";
    return new CliError(message, { advice, exitCode: unreachable, cause: error });
  }
  if (code === 401) {
    const advice = "The cluster does not know you: check the credential of your kubeconfig.";
    return new CliError(message, { advice, exitCode: unreachable, cause: error });
  }
  if (code === 403) {
    const advice = "You may not do this: ask for the right, or choose another context.";
    return new CliError(message, { advice, exitCode: unreachable, cause: error });
  }
  if (error.reason === "UnknownKind") {
    const advice = "Install the definitions: holdfast install | kubectl apply --server-side -f -";
    return new CliError(message, { advice, exitCode: exitCode.notFound, cause: error });
  }
  return new CliError(message, { cause: error });
}
