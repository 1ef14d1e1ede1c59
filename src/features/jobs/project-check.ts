import type { Requester } from '../../calls/call-command.ts';
import type { CallService } from '../../calls/call-service.ts';
import { AppError } from '../../shared/errors.ts';
import { BarredScriptError, InvalidProjectError } from './errors.ts';
import type { ProjectDraft } from './model.ts';
import { checkSchedule } from './schedule.ts';
import type { Script } from './script.ts';
import { soundOf } from './test-command.ts';

export interface ProjectCheckParts {
  readonly calls: Pick<CallService, 'checkNumber'>;
  /** Milliseconds since the epoch. */
  readonly now: number;
  /** The sounds that its owner has. */
  readonly sounds: ReadonlySet<string>;
}

const checkSounds = ({ steps }: Script, path: string, sounds: ReadonlySet<string>): void => {
  for (const [index, step] of steps.entries()) {
    const name = soundOf(step);
    if (name !== undefined && !sounds.has(name)) {
      throw new InvalidProjectError(`${path}.steps[${index}].play`, `there is no sound ${name}: upload it first`);
    }
  }
};

/** The policy of calls holds for test calls as for any: what it bars is refused now rather than in the night. */
const checkNumber = async (
  number: string,
  field: string,
  { calls, requester }: { readonly calls: ProjectCheckParts['calls']; readonly requester: Requester },
): Promise<void> => {
  try {
    await calls.checkNumber(number, requester);
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.kind === 'forbidden') throw new BarredScriptError(field, error);
    if (error.kind === 'unavailable') throw error;
    throw new InvalidProjectError(field, error.message, error);
  }
};

/**
 * Checks what the shape of a draft does not tell: its schedule, its sounds and its numbers, each number once.
 * @throws InvalidProjectError naming the field of the first mistake
 * @throws BarredScriptError where a number may not be called
 */
export const checkProject = async (
  draft: ProjectDraft,
  requester: Requester,
  { calls, now, sounds }: ProjectCheckParts,
): Promise<void> => {
  checkSchedule(draft, now);
  const checked = new Set<string>();
  for (const [index, script] of draft.scripts.entries()) {
    const path = `scripts[${index}]`;
    checkSounds(script, path, sounds);
    if (checked.has(script.number)) continue;
    await checkNumber(script.number, `${path}.number`, { calls, requester });
    checked.add(script.number);
  }
};
