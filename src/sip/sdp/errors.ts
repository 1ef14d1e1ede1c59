import { AppError, type ErrorKind } from '../../shared/errors.ts';

/** SDP that cannot be read, or that leaves nothing to agree on: 488 to an offer. The only error of this folder. */
export class SdpError extends AppError {
  readonly code = 'sdp_unusable';
  readonly kind: ErrorKind = 'invalid';
}
