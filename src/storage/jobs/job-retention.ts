import type { Database } from '../database.ts';
import { deleteInSteps } from '../delete-in-steps.ts';
import { run } from '../unit-of-work.ts';

/**
 * Deletes the runs of jobs that ended before a date, then these jobs, then deleted projects that no job is left of, in steps.
 * Runs come first: a job has up to 500 of them, and to delete jobs with all theirs would be one commit of any length.
 */
export const deleteOldJobs = async (database: Database, before: number): Promise<void> => {
  const { builder } = database;
  await deleteInSteps(database, (limit) => {
    const over = builder.selectFrom('jobs').select('id').where('ended_at', '<', before);
    const runs = builder.selectFrom('test_runs').select('id').where('job_id', 'in', over).limit(limit);
    return run(builder.deleteFrom('test_runs').where('id', 'in', runs).compile());
  });
  await deleteInSteps(database, (limit) => {
    const oldest = builder.selectFrom('jobs').select(['id', 'ended_at']).orderBy('id').limit(limit);
    const over = builder.selectFrom(oldest.as('oldest')).select('id').where('ended_at', '<', before);
    return run(builder.deleteFrom('jobs').where('id', 'in', over).compile());
  });
  await deleteInSteps(database, (limit) => {
    const gone = builder
      .selectFrom('projects')
      .select('id')
      .where('deleted_at', '<', before)
      .where('id', 'not in', builder.selectFrom('jobs').select('project_id'))
      .limit(limit);
    return run(builder.deleteFrom('projects').where('id', 'in', gone).compile());
  });
};
