import type { ProblemTypes } from './problem-type.ts';

/** Of what stays open: streams of events, and reads that wait. */
export const streamProblems: ProblemTypes = {
  too_many_streams: {
    title: 'Too many streams',
    meaning: 'The tokens of this grant have as many streams, or reads that wait, as those of one grant may have.',
    remedy: 'Close one of them. One stream tells of all calls that its token may see.',
  },
  streams_unavailable: {
    title: 'No more streams now',
    meaning: 'The service has as many streams, or reads that wait, as it can serve, or it is about to stop.',
    remedy: 'Wait as many seconds as Retry-After says and ask again. Until then, poll the call.',
  },
};
