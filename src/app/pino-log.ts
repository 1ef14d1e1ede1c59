import { pino } from 'pino';
import type { Log } from '../shared/log.ts';

/** JSON lines on standard output, one an entry. */
export const createPinoLog = (level: string): Log =>
  pino({
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
    redact: { paths: ['access_token', 'password', 'client_secret', 'authorization', '*.password'], censor: '(secret)' },
  });
