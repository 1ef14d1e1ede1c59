import { pino } from 'pino';
import type { Log } from '../shared/log.ts';

/**
 * JSON lines on standard output, one an entry. Through Node's own stream: pino's would try for ever to write what is left
 * to a terminal that is gone, and the process would never end.
 */
export const createPinoLog = (level: string): Log =>
  pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      serializers: { err: pino.stdSerializers.err, error: pino.stdSerializers.err },
      redact: {
        paths: ['access_token', 'password', 'client_secret', 'authorization', '*.password'],
        censor: '(secret)',
      },
    },
    process.stdout,
  );
