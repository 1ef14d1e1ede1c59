import { createHmac } from 'node:crypto';
import type { IdSource } from '../../shared/ids.ts';
import type { SipRequest } from '../message/message.ts';
import type { StatelessTag } from './server-machine.ts';

/**
 * Makes To tags for answers without state (RFC 3261 section 8.2.7): the same for each copy of a request, and with a secret
 * of this process, so that no stranger can tell one beforehand.
 */
export const createStatelessTag = (ids: IdSource): StatelessTag => {
  let key: string | undefined;
  return (request: SipRequest) => {
    const { topVia, callId, cseq, from } = request;
    key ??= ids.random(256);
    const text = [topVia.host, topVia.port, topVia.branch, callId, cseq.sequence, from.tag].join(' ');
    return createHmac('sha256', key).update(text).digest('base64url').slice(0, 16);
  };
};
