/** A command got words that it cannot use; the message is for the operator who typed them. */
export class UsageError extends Error {
  readonly exitCode = 2;
}

/** A command was understood and cannot be done. */
export class RefusedError extends Error {
  readonly exitCode: number = 1;
}

/** A job could not be begun: that is no verdict, which has 1. */
export class NotBegunError extends RefusedError {
  override readonly exitCode = 3;
}

/** A command needs the service, and none runs. */
export class NoServiceError extends RefusedError {
  override readonly exitCode = 4;
}
