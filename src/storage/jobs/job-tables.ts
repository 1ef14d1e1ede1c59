import type { Generated } from 'kysely';
import type { JobOrigin, JobStatus, RunStatus } from '../../features/jobs/model.ts';

interface ProjectsTable {
  id: Generated<number>;
  user_id: string;
  name: string;
  /** JSON. */
  scripts: string;
  parallel: number;
  schedule: string | null;
  time_zone: string;
  created_at: number;
  changed_at: number;
  next_run_at: number | null;
  deleted_at: number | null;
}

interface JobsTable {
  id: Generated<number>;
  project_id: number;
  project_name: string;
  user_id: string;
  client_id: string;
  origin: JobOrigin;
  restart_of: number | null;
  status: JobStatus;
  parallel: number;
  created_at: number;
  started_at: number | null;
  ended_at: number | null;
  cancel_requested: Generated<number>;
  version: Generated<number>;
}

interface TestRunsTable {
  id: Generated<number>;
  job_id: number;
  position: number;
  /** JSON. */
  script: string;
  status: RunStatus;
  reason: string | null;
  started_at: number | null;
  ended_at: number | null;
  token_call: string | null;
  retries: Generated<number>;
  /** JSON. */
  result: string | null;
}

interface SoundsTable {
  user_id: string;
  name: string;
  duration_ms: number;
  changed_at: number;
  file: Uint8Array;
  /** 16 bits, little-endian. */
  pcm: Uint8Array;
}

export interface JobTables {
  projects: ProjectsTable;
  jobs: JobsTable;
  test_runs: TestRunsTable;
  sounds: SoundsTable;
}
