// What core may know of cancellation: it hands signals on and never listens. Node and browsers declare the rest.
interface AbortSignal {
  readonly aborted: boolean;
  throwIfAborted(): void;
}
