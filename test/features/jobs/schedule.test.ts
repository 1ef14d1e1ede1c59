import { describe, expect, it } from '@jest/globals';
import { checkSchedule, nextRun, nextRuns } from '../../../src/features/jobs/schedule.ts';
import { aDraft } from '../../support/job-world.ts';

const NOW = Date.parse('2026-01-15T12:00:00Z');
const timesOf = (schedule: string, timeZone: string, after: string, count: number): string[] =>
  nextRuns({ schedule, timeZone }, { after: Date.parse(after), count }).map((at) => new Date(at).toISOString());

describe('a schedule in a time zone', () => {
  it('comes at the same hour of the wall on both sides of a change of the clocks', () => {
    expect(timesOf('0 3 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z', 3)).toEqual([
      '2026-03-28T02:00:00.000Z',
      '2026-03-29T01:00:00.000Z',
      '2026-03-30T01:00:00.000Z',
    ]);
  });

  it('comes once on the day whose hour is skipped', () => {
    const days = timesOf('30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z', 2).map((at) => at.slice(0, 10));
    expect(days).toEqual(['2026-03-29', '2026-03-30']);
  });

  it('comes once in the night in which an hour comes twice', () => {
    const days = timesOf('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z', 2).map((at) => at.slice(0, 10));
    expect(days).toEqual(['2026-10-25', '2026-10-26']);
  });

  it('comes later than the moment that is asked about, also on the minute itself', () => {
    const at = Date.parse('2026-01-15T03:00:00Z');
    expect(nextRun({ schedule: '0 3 * * *', timeZone: 'UTC' }, at)).toBe(at + 24 * 3_600_000);
  });
});

describe('nonsense for a schedule', () => {
  it.each([
    ['every night', 'UTC', 'schedule'],
    ['* * * * * *', 'UTC', 'schedule'],
    ['61 3 * * *', 'UTC', 'schedule'],
    ['', 'UTC', 'schedule'],
    ['@never', 'UTC', 'schedule'],
    ['0 0 30 2 *', 'UTC', 'schedule'],
    ['0 3 * * *', 'Mars/Olympus', 'time_zone'],
    ['0 3 * * *', '', 'time_zone'],
  ])('%j in %j is refused by its field', (schedule, timeZone, field) => {
    expect(() => {
      checkSchedule(aDraft({ schedule, timeZone }), NOW);
    }).toThrow(expect.objectContaining({ code: 'invalid_project', details: { field } }));
  });

  it('is not what has five fields, nor none at all', () => {
    for (const schedule of ['*/5 8-18 * * MON-FRI', null]) {
      expect(() => {
        checkSchedule(aDraft({ schedule }), NOW);
      }).not.toThrow();
    }
  });
});
