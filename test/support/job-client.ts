import { setTimeout as pause } from 'node:timers/promises';

export interface SeenRun {
  readonly script: string;
  readonly status: string;
  readonly reason: string | null;
  readonly digits: string;
  readonly expectations: readonly { readonly name: string; readonly seen: unknown; readonly verdict: string }[];
  readonly heard: {
    readonly tone_hz: number | null;
    readonly echo_delay_ms: number | null;
    readonly loss_percent: number | null;
    readonly jitter_ms: number | null;
    readonly mos: number | null;
  } | null;
}

/** `/api/v1` as a program uses it. */
export class JobClient {
  readonly #url: string;
  readonly #authorization: string;

  constructor(baseUrl: string, accessToken: string) {
    this.#url = `${baseUrl}/api/v1`;
    this.#authorization = `Bearer ${accessToken}`;
  }

  /** Runs a project of these scripts, up to 50 of them at once. @returns its runs, once all are over */
  async run(
    name: string,
    scripts: readonly object[],
    parallel = Math.min(50, scripts.length),
  ): Promise<readonly SeenRun[]> {
    const project = await this.#send('/projects.json', { name, scripts, parallel });
    const { id } = await this.#send(`/projects/${project['id'] as number}/jobs`, {});
    for (;;) {
      const job = await this.#send(`/jobs/${id as number}.json`);
      if (job['status'] === 'finished' || job['status'] === 'cancelled') {
        const runs = job['test_runs'] as { id: number }[];
        return Promise.all(runs.map((run) => this.#send(`/test_runs/${run.id}.json`) as unknown as Promise<SeenRun>));
      }
      await pause(100);
    }
  }

  async #send(path: string, body?: object): Promise<Record<string, unknown>> {
    const response = await fetch(`${this.#url}${path}`, {
      headers: { authorization: this.#authorization, 'content-type': 'application/json' },
      ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text) as Record<string, unknown>;
  }
}
