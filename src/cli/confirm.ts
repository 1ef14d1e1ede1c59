import { RefusedError, UsageError } from './errors.ts';
import { ask, type Terminal } from './terminal.ts';

export interface ConfirmOptions {
  /** What the person types to agree. */
  readonly phrase: string;
  /** What cannot be undone, for who runs the command without a terminal. */
  readonly loss: string;
  readonly yes: true | undefined;
}

/**
 * @throws UsageError when nobody could be asked, and `--yes` was not given
 */
export const refuseUnaskable = ({ input }: Terminal, { yes, loss }: Omit<ConfirmOptions, 'phrase'>): void => {
  if (yes !== true && input.isTTY !== true) throw new UsageError(`--yes is needed where no terminal is: ${loss}`);
};

/**
 * Asks the person at the terminal, unless the command says yes already.
 * @throws UsageError when nobody could be asked
 * @throws RefusedError when the person typed something else
 */
export const confirm = async (terminal: Terminal, options: ConfirmOptions): Promise<void> => {
  refuseUnaskable(terminal, options);
  if (options.yes === true) return;
  const answer = await ask(terminal, `Type "${options.phrase}" to go on:`);
  if (answer.trim() !== options.phrase) throw new RefusedError('Nothing was changed.');
};
