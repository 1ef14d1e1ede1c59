import { z } from 'zod';

/*
 * A script as the API takes and shows it, and as it is stored: the names are those of the documents.
 */

const outcomes = ['completed', 'busy', 'declined', 'no-answer', 'unreachable', 'failed', 'cancelled'] as const;

const milliseconds = (most: number) => z.number().int().min(0).max(most);

/** What of tones a telephone carries, and is measured. */
const LOWEST_HZ = 200;
const HIGHEST_HZ = 3600;

/** Each is optional, and each that is there is judged. */
export const expectSchema = z
  .strictObject({
    outcome: z.enum(outcomes),
    sip_status: z.number().int().min(200).max(699),
    q850_cause: z.number().int().min(1).max(127),
    post_dial_ms_at_most: milliseconds(120_000),
    answer_ms_at_most: milliseconds(120_000),
    ringback: z.enum(['network', 'none']),
    audio: z.enum(['tone', 'sound', 'silence', 'echo']),
    tone_hz: z.number().min(LOWEST_HZ).max(HIGHEST_HZ),
    loss_percent_at_most: z.number().min(0).max(100),
    mos_at_least: z.number().min(1).max(4.5),
    talk_seconds_at_least: z.number().min(0).max(600),
  })
  .partial();

const digits = z.string().regex(/^[0-9*#A-D]{1,64}$/, 'must be 1 to 64 keys of a telephone: 0-9, *, #, A-D');

/** How an uploaded sound may be called. */
export const SOUND_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const isAudible = (text: string): boolean => {
  const hz = /^tone:(\d+)$/.exec(text)?.[1];
  return hz === undefined || (Number(hz) >= LOWEST_HZ && Number(hz) <= HIGHEST_HZ);
};

/** `tone:1000`, or `sound:NAME` of an uploaded file. */
const played = z
  .string()
  .regex(/^(tone:\d{1,5}|sound:[a-z0-9][a-z0-9_-]{0,63})$/, 'must be tone:HERTZ or sound:NAME')
  .refine(isAudible, `must be a tone of ${LOWEST_HZ} to ${HIGHEST_HZ} Hz, which a telephone carries`);

export const stepSchema = z.union([
  z.strictObject({ wait_ms: milliseconds(60_000) }),
  z.strictObject({ dtmf: digits }),
  z.strictObject({ expect_dtmf: digits, within_ms: milliseconds(60_000).optional() }),
  z.strictObject({ play: played, for_ms: milliseconds(60_000).optional() }),
  z.strictObject({ hang_up: z.literal(true) }),
]);

export const scriptSchema = z.strictObject({
  name: z.string().trim().min(1).max(100),
  number: z.union([z.string().trim().min(1).max(128), z.number().int().nonnegative().transform(String)]),
  expect: expectSchema.default({}),
  steps: z.array(stepSchema).max(100).default([]),
  /** Seconds for the destination to answer; 60 where nothing is said. */
  timeout: z.number().int().min(5).max(120).optional(),
  /** How often a run that failed is tried again. */
  retries: z.number().int().min(0).max(5).default(0),
});

export type Expectations = z.output<typeof expectSchema>;
export type Step = z.output<typeof stepSchema>;
export type Script = z.output<typeof scriptSchema>;
