import { Cron } from 'croner';
import { InvalidProjectError } from './errors.ts';
import type { ProjectDraft } from './model.ts';

/** Minutes, hours, days of the month, months, days of the week: no seconds, so that a schedule starts one job a minute at the most. */
const FIELDS = 5;

const isTimeZone = (name: string): boolean => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
};

const cronOf = (schedule: string, timeZone: string): Cron =>
  new Cron(schedule, { timezone: timeZone, paused: true, mode: '5-part' });

/**
 * Refuses a schedule that is none, or never comes.
 * @throws InvalidProjectError where the expression or the time zone is not valid
 */
export const checkSchedule = ({ schedule, timeZone }: ProjectDraft, now: number): void => {
  if (!isTimeZone(timeZone)) {
    throw new InvalidProjectError('time_zone', 'is not a time zone of the IANA list, such as Europe/Berlin');
  }
  if (schedule === null) return;
  const words = schedule.trim().split(/\s+/);
  if (words.length !== FIELDS && !schedule.startsWith('@')) {
    throw new InvalidProjectError('schedule', 'must have five fields: minute, hour, day, month, day of the week');
  }
  let next: number | null;
  try {
    next = nextRun({ schedule, timeZone }, now);
  } catch (error) {
    throw new InvalidProjectError('schedule', 'is not a cron expression, such as 0 3 * * *', error);
  }
  if (next === null) throw new InvalidProjectError('schedule', 'never comes');
};

/**
 * When a schedule comes next after a moment, in milliseconds since the epoch; null without one. Over a change of the clocks it
 * comes once: what falls into the hour that is skipped comes behind it.
 */
export const nextRun = (
  { schedule, timeZone }: Pick<ProjectDraft, 'schedule' | 'timeZone'>,
  after: number,
): number | null =>
  schedule === null ? null : (cronOf(schedule, timeZone).nextRun(new Date(after))?.getTime() ?? null);

/** The next times of a schedule that can be read, at most so many. */
export const nextRuns = (
  { schedule, timeZone }: Pick<ProjectDraft, 'schedule' | 'timeZone'>,
  { after, count }: { readonly after: number; readonly count: number },
): readonly number[] =>
  schedule === null
    ? []
    : cronOf(schedule, timeZone)
        .nextRuns(count, new Date(after))
        .map((date) => date.getTime());
