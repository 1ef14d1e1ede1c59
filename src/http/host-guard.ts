import type { IncomingMessage } from 'node:http';
import { isLoopbackHost } from '../shared/loopback.ts';
import { MisdirectedRequestError } from './errors.ts';

const PORT = /:\d*$/;

/**
 * Keeps the sandbox, whose passwords are well known, to this machine: a name that an attacker's DNS rebinds to
 * 127.0.0.1 arrives in Host. @throws MisdirectedRequestError 421
 */
export const refuseForeignHost = ({ headers }: IncomingMessage): void => {
  if (!isLoopbackHost((headers.host ?? '').replace(PORT, ''))) throw new MisdirectedRequestError();
};
