import { pino } from 'pino';
import type { Log } from '../shared/log.ts';
import { prettyLine } from './pretty-line.ts';

/** How entries are written: as text for people, or as JSON for programs; `auto` is text at a terminal. */
export type LogFormat = 'auto' | 'json' | 'pretty';

/** Where entries go. */
interface LogOutput {
  readonly isTTY?: boolean | undefined;
  write(text: string): unknown;
}

export interface LogStyle {
  readonly format?: LogFormat;
  /** Colours go nowhere but to a terminal in any case. */
  readonly colours?: 'at-terminal' | 'never';
}

/**
 * One line an entry, on standard output unless another one is given. Through Node's own stream: pino's would try for ever
 * to write what is left to a terminal that is gone, and the process would never end.
 */
export const createPinoLog = (
  level: string,
  output: LogOutput = process.stdout,
  { format = 'auto', colours = 'never' }: LogStyle = {},
): Log => {
  const isTerminal = output.isTTY === true;
  const isPretty = format === 'pretty' || (format === 'auto' && isTerminal);
  const style = isTerminal && colours === 'at-terminal' ? 'coloured' : 'plain';
  return pino(
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
    isPretty ? { write: (entry: string) => void output.write(prettyLine(entry, style)) } : output,
  );
};
