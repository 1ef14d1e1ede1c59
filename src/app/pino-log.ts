import { pino } from 'pino';
import type { Log } from '../shared/log.ts';

/**
 * JSON lines, one an entry, on standard output unless another stream is given: that of a command is for its answer. Through Node's own stream: pino's would try for ever to write what is left
 * to a terminal that is gone, and the process would never end.
 */
export const createPinoLog = (level: string, stream: NodeJS.WritableStream = process.stdout): Log =>
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
    stream,
  );
