/** A command got words that it cannot use; the message is for the operator who typed them. */
export class UsageError extends Error {}

/** A command was understood and cannot be done. */
export class RefusedError extends Error {}
