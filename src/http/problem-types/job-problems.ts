import type { ProblemTypes } from './problem-type.ts';

/** Of projects, jobs and sounds: test calls with verdicts. */
export const jobProblems: ProblemTypes = {
  invalid_project: {
    title: 'Project not valid',
    meaning: 'A schedule, time zone, number or sound of the project is none that can be used. Nothing was stored.',
    remedy: 'Correct the field that "field" names by its path, such as scripts[3].number, and send all again.',
  },
  job_under_way: {
    title: 'Job not over yet',
    meaning: 'The job is queued or running, and only one that is over is repeated.',
    remedy: 'Wait until its status is finished, or cancel it, and ask again.',
  },
  too_many_jobs: {
    title: 'As many as are kept',
    meaning: 'The user has as many projects, queued jobs or sounds as one may have. The detail says which.',
    remedy: 'Delete or cancel one that is not needed, or wait for a job to end.',
  },
  invalid_sound: {
    title: 'Not a sound that can be played',
    meaning: 'The file is no WAV file, is damaged, is too long, or has an encoding that is not read.',
    remedy: 'Send WAV with PCM, A-law or mu-law of 60 seconds at the most.',
  },
  invalid_wav: {
    title: 'Not a WAV file',
    meaning: 'The file is not a WAV file that can be read. The message says what is wrong with it.',
    remedy: 'Write it again as WAV with PCM of 16 bits.',
  },
  media_thread_lost: {
    title: 'Test phone gone',
    meaning: 'The part of the service that sends and hears the audio of test calls has ended: a fault of the service.',
    remedy: 'Run the test again: it begins anew by itself. The log of the service has the cause.',
  },
  not_analysed: {
    title: 'Not analysed',
    meaning: 'What a test call heard, or a file, could not be analysed: a fault of the service, and of this one alone.',
    remedy: 'Try it again. The log of the service has the cause.',
  },
  not_measured: {
    title: 'Call not measured',
    meaning: 'A test call was placed, and what was heard in it could not be measured: a fault of the service.',
    remedy: 'Run it again. The log of the service has the cause.',
  },
};
