import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import request from 'supertest';
import { parseStringPromise } from 'xml2js';
import type { HeardAudio } from '../../../../src/calls/test-call.ts';
import { createJobApi, type JobApi, nightly, PUBLIC_URL } from './job-api.ts';

const OWNER = 'demo.user.call';

let api: JobApi;
beforeEach(async () => {
  api = await createJobApi();
});
afterEach(() => api.close());

type Method = 'get' | 'post' | 'put' | 'delete' | 'options' | 'patch' | 'head';

const send = (method: Method, path: string, token = OWNER): request.Test => {
  const test = request(api.app)[method](path);
  return token === '' ? test : test.set('Authorization', `Bearer ${token}`);
};

const makeProject = async (token = OWNER, project: object = nightly): Promise<number> => {
  const { status, body } = await send('post', '/api/v1/projects.json', token).send(project);
  expect([status, body.detail]).toEqual([201, undefined]);
  return body.id as number;
};

const startJob = async (token = OWNER): Promise<number> => {
  const { body } = await send('post', `/api/v1/projects/${await makeProject(token)}/jobs`, token);
  return body.id as number;
};

const problemOf = async (test: request.Test): Promise<unknown[]> => {
  const { status, body } = await test;
  return [status, body.code, body.field ?? body.parameter];
};

describe('a project', () => {
  it('is made, listed, read, changed and deleted', async () => {
    const made = await send('post', '/api/v1/projects.json').send({ ...nightly, schedule: '0 3 * * *' });
    const { id } = made.body;
    expect([made.status, made.get('Location')]).toEqual([201, `${PUBLIC_URL}/api/v1/projects/${id}.json`]);
    expect(Object.keys(made.body)).toEqual([
      ...['id', 'name', 'scripts', 'parallel', 'schedule', 'time_zone', 'next_run_at', 'total_scripts', 'last_job'],
      ...['created_at', 'changed_at'],
    ]);
    expect(made.body).toMatchObject({
      name: 'Nightly',
      parallel: 1,
      time_zone: 'UTC',
      total_scripts: 2,
      last_job: null,
    });
    const list = await send('get', '/api/v1/projects.json');
    expect(list.text).toBe(`[{"id":${id},"name":"Nightly","total_scripts":2,"last_job":null}]`);
    const read = await send('get', `/api/v1/projects/${id}`);
    expect([read.body, read.get('Cache-Control')]).toEqual([made.body, 'no-store']);
    const changed = await send('put', `/api/v1/projects/${id}.json`).send({ ...read.body, name: 'Hourly' });
    expect([changed.status, changed.body.name, changed.body.schedule]).toEqual([200, 'Hourly', '0 3 * * *']);
    expect((await send('delete', `/api/v1/projects/${id}`)).status).toBe(204);
    expect(await problemOf(send('get', `/api/v1/projects/${id}`))).toEqual([404, 'not_found', undefined]);
  });

  it('shows its last job', async () => {
    const id = await makeProject();
    const started = await send('post', `/api/v1/projects/${id}/jobs`);
    const last_job = { id: started.body.id, status: 'queued' };
    expect((await send('get', `/api/v1/projects/${id}`)).body.last_job).toEqual(last_job);
    expect((await send('get', '/api/v1/projects')).body[0].last_job).toEqual(last_job);
  });

  it('is shown as XML too, and read as JSON alone', async () => {
    const id = await makeProject();
    const xml = await send('get', `/api/v1/projects/${id}.xml`);
    const { project } = await parseStringPromise(xml.text, { explicitArray: false });
    expect([xml.type, project.name, project.scripts.script[0].steps.step]).toEqual([
      ...['application/xml', 'Nightly'],
      [{ wait_ms: '500' }, { dtmf: '1#' }],
    ]);
    const list = await send('get', '/api/v1/projects').set('Accept', 'text/xml');
    expect(list.text).toContain(`<projects><project><id>${id}</id><name>Nightly</name>`);
    const sent = send('post', '/api/v1/projects').set('Content-Type', 'application/xml').send('<project/>');
    expect(await problemOf(sent)).toEqual([415, 'unsupported_media_type', undefined]);
    const form = send('post', '/api/v1/projects').type('form').send('name=x');
    expect(await problemOf(form)).toEqual([415, 'unsupported_media_type', undefined]);
  });

  const script = (more: object) => ({ name: 'p', scripts: [{ name: 's', number: '+12025550100', ...more }] });

  it.each([
    [{}, 'name', 'name is missing.'],
    [{ name: 'p' }, 'scripts', 'scripts is missing.'],
    [{ ...nightly, name: 7 }, 'name', 'name is not valid'],
    [{ ...nightly, scripts: {} }, 'scripts', 'scripts is not valid'],
    [{ ...nightly, sripts: [] }, 'sripts', 'sripts is no field here.'],
    [{ ...nightly, parallel: 0 }, 'parallel', 'parallel is not valid'],
    [{ ...nightly, parallel: 51 }, 'parallel', 'parallel is not valid'],
    [{ ...nightly, schedule: 5 }, 'schedule', 'schedule is not valid'],
    [script({ number: true }), 'scripts[0].number', 'scripts[0].number is of the wrong type'],
    [script({ numbr: 1 }), 'scripts[0].numbr', 'scripts[0].numbr is no field here.'],
    [script({ expect: { outcom: 'busy' } }), 'scripts[0].expect.outcom', 'is no field here'],
    [script({ expect: { outcome: 'engaged' } }), 'scripts[0].expect.outcome', 'scripts[0].expect.outcome is not valid'],
    [script({ expect: { tone_hz: 9 } }), 'scripts[0].expect.tone_hz', 'is not valid'],
    [script({ steps: [{ dtmf: '1' }, { dtmf: 'x' }] }), 'scripts[0].steps[1].dtmf', 'must be 1 to 64 keys'],
    [script({ steps: [{ dtmff: '1' }] }), 'scripts[0].steps[0]', 'must have one of wait_ms, dtmf, expect_dtmf'],
    [script({ steps: [{ wait_ms: 5, hm: 1 }] }), 'scripts[0].steps[0].hm', 'is no field here'],
    [script({ steps: [{}] }), 'scripts[0].steps[0]', 'must have one of'],
    [script({ steps: ['wait'] }), 'scripts[0].steps[0]', 'is of the wrong type'],
    [script({ steps: [{ play: 'https://x' }] }), 'scripts[0].steps[0].play', 'must be tone:HERTZ or sound:NAME'],
    [script({ steps: [{ play: 'tone:9999' }] }), 'scripts[0].steps[0].play', 'must be a tone of 200 to 3600 Hz'],
    [script({ steps: [{ play: 'tone:199' }] }), 'scripts[0].steps[0].play', 'must be a tone of 200 to 3600 Hz'],
    [script({ name: 'a\ud800b' }), 'scripts[0].name', 'cannot be printed'],
    [script({ name: 'a\u0000b' }), 'scripts[0].name', 'cannot be printed'],
  ])('is refused with the path of the mistake: %j', async (body, field, words) => {
    const refused = await send('post', '/api/v1/projects.json').send(body);
    expect([refused.status, refused.body.code, refused.body.field]).toEqual([400, 'invalid_request', field]);
    expect(refused.body.detail).toContain(words);
    expect((await send('get', '/api/v1/projects')).body).toEqual([]);
  });

  it('is refused where it is hostile, and nothing is stored', async () => {
    const post = (text: string) => send('post', '/api/v1/projects').set('Content-Type', 'application/json').send(text);
    const many = { name: 'many', scripts: Array.from({ length: 10_000 }, () => nightly.scripts[1]) };
    expect(await problemOf(post(JSON.stringify(many)))).toEqual([400, 'invalid_request', 'scripts']);
    const short = {
      name: 'many',
      scripts: Array.from({ length: 10_000 }, (_, id) => ({ name: 's', number: String(id) })),
    };
    expect(await problemOf(post(JSON.stringify(short)))).toEqual([400, 'invalid_request', 'scripts']);
    expect(await problemOf(post(JSON.stringify({ ...many, more: 'x'.repeat(1_100_000) })))).toEqual([
      413,
      'content_too_large',
      undefined,
    ]);
    expect(await problemOf(post(`{"name":"deep","scripts":${'['.repeat(200_000)}${']'.repeat(200_000)}}`))).toEqual([
      400,
      'invalid_request',
      expect.stringMatching(/^scripts/),
    ]);
    expect(await problemOf(post('{"name":'))).toEqual([400, 'invalid_request', undefined]);
    expect(await problemOf(post('[]'))).toEqual([400, 'invalid_request', '']);
    for (const name of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', '\ud800', 'a b', '']) {
      const text = JSON.stringify(nightly).replace('{', `{${JSON.stringify(name)}:{"x":1},`);
      expect([name, ...(await problemOf(post(text)))]).toEqual([name, 400, 'invalid_request', expect.any(String)]);
    }
    const within = JSON.stringify(nightly).replace('"expect":{', '"expect":{"__proto__":{"outcome":"busy"},');
    expect(await problemOf(post(within))).toEqual([400, 'invalid_request', 'scripts[0].expect.__proto__']);
    expect((await send('get', '/api/v1/projects')).body).toEqual([]);
  });
});

describe('a job', () => {
  it('is shown as programs know it', async () => {
    const id = await startJob();
    await api.end(id, [{ status: 'Fail' }, { status: 'Fail' }]);
    const { text, body } = await send('get', `/api/v1/jobs/${id}.json`);
    const [first, second] = body.test_runs.map((run: { id: number }) => run.id);
    expect(text).toBe(
      `{"id":${id},"status":"finished","total_scripts":2,"test_runs":[{"id":${first},"status":"Fail"},{"id":${second},"status":"Fail"}],"total_scripts_completed":2}`,
    );
    const xml = await send('get', `/api/v1/jobs/${id}.xml`);
    expect(xml.text).toContain(
      `<job><id>${id}</id><status>finished</status><total_scripts>2</total_scripts><test_runs><test_run><id>${first}</id>`,
    );
    const restarted = await send('post', `/api/v1/jobs/${id}/restart`);
    const again = restarted.body.id;
    expect([restarted.status, restarted.text]).toEqual([201, `{"id":${again}}`]);
    expect(restarted.get('Location')).toBe(`${PUBLIC_URL}/api/v1/jobs/${again}.json`);
    expect(await problemOf(send('post', `/api/v1/jobs/${again}/restart`))).toEqual([409, 'job_under_way', undefined]);
  });

  it('is cancelled, and left as it is where it is over', async () => {
    const id = await startJob();
    const asked = await send('post', `/api/v1/jobs/${id}/cancel`);
    expect([asked.status, asked.body.id, await api.toCancel()]).toEqual([200, id, [id]]);
    await api.end(id, [{ status: 'Pass' }, { status: 'Pass' }]);
    const { status, body } = await send('post', `/api/v1/jobs/${id}/cancel`);
    expect([status, body.status]).toEqual([200, 'finished']);
  });

  it('looks to others as what is not there', async () => {
    const id = await startJob();
    const { body } = await send('get', `/api/v1/jobs/${id}`);
    const run = body.test_runs[0].id;
    expect((await send('get', `/api/v1/jobs/${id}.junit.xml`, 'eve.user.call')).status).toBe(404);
    for (const path of [`jobs/${id}`, `test_runs/${run}`, `jobs/999`]) {
      expect([path, ...(await problemOf(send('get', `/api/v1/${path}`, 'eve.user.call')))]).toEqual([
        path,
        404,
        'not_found',
        undefined,
      ]);
    }
    for (const path of ['jobs/0', 'jobs/1e3', 'jobs/-1', 'jobs/x.json', 'jobs/99999999999999999999', 'test_runs/abc']) {
      expect([path, (await send('get', `/api/v1/${path}`)).status]).toEqual([path, 404]);
    }
  });

  it('is listed newest first, page by page', async () => {
    const project = await makeProject();
    const ids: number[] = [];
    for (let count = 0; count < 5; count += 1) {
      ids.unshift((await send('post', `/api/v1/projects/${project}/jobs`)).body.id);
    }
    await startJob();
    const seen: number[] = [];
    let path: string | undefined = `/api/v1/jobs.json?project=${project}&limit=2&access_token=${OWNER}`;
    while (path !== undefined) {
      const page = await send('get', path, path.includes('access_token') ? '' : OWNER);
      seen.push(...page.body.map(({ id }: { id: number }) => id));
      const link: string | undefined = /^<http:\/\/localhost:8888(.*)>; rel="next"$/.exec(page.get('Link') ?? '')?.[1];
      expect(link ?? '').not.toContain('access_token');
      path = link;
    }
    expect(seen).toEqual(ids);
    const xml = await send('get', `/api/v1/jobs.xml?project=${project}&limit=2`);
    expect(xml.text).toMatch(/<jobs next="[\w-]+"><job><id>/);
    const [listed] = (await send('get', `/api/v1/jobs?limit=1`)).body;
    expect(Object.keys(listed)).toEqual([
      ...['id', 'project_id', 'status', 'total_scripts', 'total_scripts_completed', 'passed', 'failed', 'started_at'],
      'ended_at',
    ]);
  });

  it.each([
    ['jobs?limit=0', 'limit'],
    ['jobs?limit=501', 'limit'],
    ['jobs?limit=x', 'limit'],
    ['jobs?project=x', 'project'],
    ['jobs?status=done', 'status'],
    ['jobs?pages=1', 'pages'],
    ['projects?limit=1', 'limit'],
    ['jobs/1?wait=61', 'wait'],
    ['jobs/1?wait=-1', 'wait'],
    ['test_runs/1?expand=x', 'expand'],
  ])('refuses a parameter that it does not know or take: %s', async (path, name) => {
    expect(await problemOf(send('get', `/api/v1/${path}`))).toEqual([400, 'invalid_request', name]);
  });

  it('refuses fields where a command takes none', async () => {
    const id = await startJob();
    const refused = send('post', `/api/v1/jobs/${id}/restart`).send({ scripts: [] });
    expect(await problemOf(refused)).toEqual([400, 'invalid_request', 'scripts']);
  });
});

describe('watching a job', () => {
  it('answers at once with what was not seen, and then when it changes', async () => {
    const id = await startJob();
    const first = await send('get', `/api/v1/jobs/${id}.json?wait=30`);
    const tag = first.get('ETag') ?? '';
    expect([first.status, tag]).toEqual([200, expect.stringMatching(/^W\/"\d+-json"$/)]);
    expect((await send('get', `/api/v1/jobs/${id}.xml`).set('If-None-Match', tag)).status).toBe(200);
    const same = await send('get', `/api/v1/jobs/${id}.json`).set('If-None-Match', `"x", ${tag}`);
    expect([same.status, same.text, same.get('ETag')]).toEqual([304, '', tag]);
    const watched = send('get', `/api/v1/jobs/${id}.json?wait=30`).set('If-None-Match', tag);
    const answered = watched.then((response) => response);
    while (api.runner.watching === 0) await new Promise((resolve) => setImmediate(resolve));
    await api.end(id, [{ status: 'Pass' }, { status: 'Pass' }]);
    const changed = await answered;
    expect([changed.status, changed.body.status]).toEqual([200, 'finished']);
    expect(changed.get('ETag')).not.toBe(tag);
  });

  it('ends where the client goes', async () => {
    const id = await startJob();
    const tag = (await send('get', `/api/v1/jobs/${id}`)).get('ETag') ?? '';
    // A server of its own: supertest would leave one listening behind a request that is cut off.
    const server = createServer(api.app).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const headers = { authorization: `Bearer ${OWNER}`, 'if-none-match': tag };
    const cut = new AbortController();
    const watched = fetch(`http://127.0.0.1:${port}/api/v1/jobs/${id}?wait=30`, { headers, signal: cut.signal });
    while (api.runner.watching === 0) await new Promise((resolve) => setImmediate(resolve));
    cut.abort();
    await expect(watched).rejects.toMatchObject({ name: 'AbortError' });
    while (api.runner.watching > 0) await new Promise((resolve) => setImmediate(resolve));
    server.close();
    await once(server, 'close');
    expect((await send('get', `/api/v1/jobs/${id}`)).status).toBe(200);
  });
});

describe('a test run', () => {
  const heard: HeardAudio = {
    ...{ audio: 'tone', levelDbov: -20.1, toneHz: 425.2, echoDelayMs: null, lossPercent: 0, jitterMs: 1.5 },
    ...{ r: 93.2, mos: 4.41, levels: [-127, -20] },
  };

  it('is shown with its verdicts, steps and what was heard', async () => {
    const id = await startJob();
    const expectation = { name: 'outcome', expected: 'completed', seen: 'busy', verdict: 'Fail' } as const;
    const steps = [{ state: 'done', startedMs: 0, endedMs: 500, digits: null }] as const;
    const measured = { postDialMs: 100, answerMs: 200, talkMs: 300 };
    const result = { expectations: [expectation], heard, digits: '5', steps, ...measured };
    await api.end(id, [
      { status: 'Fail', tokenCall: 'k3v', result },
      { status: 'Error', reason: 'not-measured' },
    ]);
    const { body: job } = await send('get', `/api/v1/jobs/${id}`);
    const [first, second] = job.test_runs;
    const { body } = await send('get', `/api/v1/test_runs/${first.id}.json`);
    expect(body).toEqual({
      ...{ id: first.id, job_id: id, script: 'answers', number: '+12025550100', status: 'Fail', reason: null },
      ...{ started_at: '2026-01-01T00:00:00.000Z', ended_at: '2026-01-01T00:00:01.500Z', token_call: 'k3v' },
      expectations: [expectation],
      steps: [{ wait_ms: 500, state: 'done', started_ms: 0, ended_ms: 500, digits: null }],
      heard: {
        level_dbov: -20.1,
        tone_hz: 425.2,
        echo_delay_ms: null,
        loss_percent: 0,
        jitter_ms: 1.5,
        r: 93.2,
        mos: 4.41,
      },
      ...{ levels: [-127, -20], digits: '5', retries: 0 },
    });
    const xml = await send('get', `/api/v1/test_runs/${first.id}.xml`);
    expect(xml.text).toContain('<levels>-127 -20</levels>');
    expect(xml.text).toContain('<expectations><expectation><name>outcome</name>');
    const failed = (await send('get', `/api/v1/test_runs/${second.id}`)).body;
    expect([failed.status, failed.reason, failed.heard, failed.expectations]).toEqual([
      'Error',
      'not-measured',
      null,
      [],
    ]);
  });
});

describe('sounds', () => {
  /** A second of silence: PCM of 16 bits, 8000 samples a second. */
  const file = Buffer.concat([
    Buffer.from('RIFF'),
    Buffer.from([0xa4, 0x3e, 0, 0]),
    Buffer.from('WAVEfmt '),
    Buffer.from([16, 0, 0, 0, 1, 0, 1, 0, 0x40, 0x1f, 0, 0, 0x80, 0x3e, 0, 0, 2, 0, 16, 0]),
    Buffer.from('data'),
    Buffer.from([0x80, 0x3e, 0, 0]),
    Buffer.alloc(16_000),
  ]);
  const put = (name: string, type = 'audio/wav', body: Buffer = file) =>
    send('put', `/api/v1/sounds/${name}.wav`).set('Content-Type', type).send(body);

  it('are uploaded, listed, heard again and deleted', async () => {
    const made = await put('greeting');
    expect([made.status, made.get('Location')]).toEqual([201, `${PUBLIC_URL}/api/v1/sounds/greeting.wav`]);
    expect(made.body).toEqual({
      name: 'greeting',
      duration_ms: 1000,
      bytes: 16_044,
      changed_at: '2026-01-01T00:00:00.000Z',
    });
    expect((await put('greeting')).status).toBe(200);
    expect((await send('get', '/api/v1/sounds.json')).body).toEqual([made.body]);
    expect((await send('get', '/api/v1/sounds.xml')).text).toContain('<sounds><sound><name>greeting</name>');
    const read = await send('get', '/api/v1/sounds/greeting.wav').set('Accept', 'audio/*');
    expect([read.status, read.type, Buffer.compare(read.body, file)]).toEqual([200, 'audio/wav', 0]);
    expect((await send('delete', '/api/v1/sounds/greeting.wav')).status).toBe(204);
    expect((await send('get', '/api/v1/sounds/greeting.wav')).status).toBe(404);
  });

  it('are WAV files that can be played', async () => {
    const refused = await put('text', 'audio/wav', Buffer.from('no sound'));
    expect([refused.status, refused.body.code]).toEqual([400, 'invalid_sound']);
    expect(refused.body.detail).toContain('RIFF');
  });

  it('have a name, a type and a size that are known', async () => {
    for (const name of ['Greeting', '-x', 'a'.repeat(65), '..%2f..%2fetc', 'a%00']) {
      expect([name, ...(await problemOf(put(name)))]).toEqual([name, 400, 'invalid_request', 'name']);
      expect([name, (await send('get', `/api/v1/sounds/${name}.wav`)).status]).toEqual([name, 404]);
    }
    expect(await problemOf(put('mp3', 'audio/mpeg'))).toEqual([415, 'unsupported_media_type', undefined]);
    expect(await problemOf(put('big', 'audio/wav', Buffer.alloc(4 * 1024 * 1024 + 1)))).toEqual([
      413,
      'content_too_large',
      undefined,
    ]);
    expect((await send('get', '/api/v1/sounds')).body).toEqual([]);
  });
});

describe('who may', () => {
  const attempts = (project: number, job: number): readonly (readonly [Method, string, object?])[] => [
    ['get', '/api/v1/projects.json'],
    ['get', `/api/v1/projects/${project}`],
    ['get', `/api/v1/jobs/${job}.json`],
    ['post', `/api/v1/jobs/${job}/restart`],
    ['put', `/api/v1/projects/${project}`, nightly],
    ['post', `/api/v1/projects/${project}/jobs`],
    ['post', `/api/v1/jobs/${job}/cancel`],
    ['get', '/api/v1/sounds'],
  ];

  it.each([
    ['demo.user.public', [200, 200, 200, 201, 403, 403, 403, 403]],
    ['demo.user.read', [403, 403, 403, 403, 403, 403, 403, 403]],
    ['demo.user.call', [200, 200, 200, 201, 200, 201, 200, 200]],
    ['demo.user.write', [200, 200, 200, 201, 200, 201, 200, 200]],
    ['demo.user.all', [200, 200, 200, 201, 200, 201, 200, 200]],
    ['demo.user.admin', [403, 403, 403, 403, 403, 403, 403, 403]],
    ['eve.user.call', [200, 404, 404, 404, 404, 404, 404, 200]],
    ['op.operator.operator', [403, 403, 403, 403, 403, 403, 403, 403]],
    ['op.operator.call+operator', [200, 404, 404, 404, 404, 404, 404, 200]],
    ['root.admin.call', [200, 404, 404, 404, 404, 404, 404, 200]],
    ['root.admin.admin', [200, 200, 200, 201, 200, 201, 200, 200]],
    ['root.admin.all', [200, 200, 200, 201, 200, 201, 200, 200]],
    ['demo.client.call', [403, 403, 403, 403, 403, 403, 403, 403]],
    ['demo.client.application', [403, 403, 403, 403, 403, 403, 403, 403]],
    ['nonsense', [401, 401, 401, 401, 401, 401, 401, 401]],
    ['', [401, 401, 401, 401, 401, 401, 401, 401]],
  ])('do what, with the token %j', async (token, statuses) => {
    const job = await startJob();
    await api.end(job, [{ status: 'Pass' }, { status: 'Pass' }]);
    const [listed] = (await send('get', '/api/v1/projects')).body;
    const found: number[] = [];
    for (const [method, path, body] of attempts(listed.id, job)) {
      const test = send(method, path, token);
      found.push((await (body === undefined ? test : test.send(body))).status);
    }
    expect(found).toEqual(statuses);
  });

  it('is told which scope is needed', async () => {
    const { body } = await send('get', '/api/v1/projects', 'demo.user.read');
    expect([body.code, body.scope]).toEqual(['insufficient_scope', 'public']);
    expect((await send('post', '/api/v1/projects', 'demo.user.public').send(nightly)).body.scope).toBe('call');
  });
});

describe('the addresses', () => {
  it('take a token in a header of either name, or in the query, and only once', async () => {
    const { app } = api;
    const path = '/api/v1/projects.json';
    expect((await request(app).get(path).set('Authentication', `Bearer ${OWNER}`)).status).toBe(200);
    expect((await request(app).get(`${path}?access_token=${OWNER}`)).status).toBe(200);
    expect((await send('get', `${path}?access_token=${OWNER}`)).status).toBe(400);
  });

  it.each([
    ['patch', '/api/v1/projects.json', 'GET, HEAD, POST, OPTIONS'],
    ['post', '/api/v1/jobs/1.json', 'GET, HEAD, OPTIONS'],
    ['post', '/api/v1/jobs/1.junit.xml', 'GET, HEAD, OPTIONS'],
    ['get', '/api/v1/jobs/1/restart', 'POST, OPTIONS'],
    ['post', '/api/v1/sounds/a.wav', 'GET, HEAD, PUT, DELETE, OPTIONS'],
  ] as const)('refuse another method with those that they have: %s %s', async (method, path, allow) => {
    const refused = await send(method, path);
    expect([refused.status, refused.get('Allow')]).toEqual([405, allow]);
    const options = await send('options', path);
    expect([options.status, options.get('Allow')]).toEqual([204, allow]);
  });

  it('answer HEAD as GET, without the body', async () => {
    await makeProject();
    const head = await send('head', '/api/v1/projects.json');
    const get = await send('get', '/api/v1/projects.json');
    expect([head.status, head.body, head.get('Content-Length')]).toEqual([200, {}, get.get('Content-Length')]);
  });

  it('give problems in the form of the address', async () => {
    expect((await send('get', '/api/v1/jobs/77.xml')).type).toBe('application/problem+xml');
    expect((await send('get', '/api/v1/jobs/77.json').set('Accept', 'text/xml')).type).toBe('application/problem+json');
    expect((await send('get', '/api/v1/jobs/77').set('Accept', 'text/xml')).type).toBe('application/problem+xml');
    expect((await send('get', '/api/v1/jobs').set('Accept', 'text/csv')).status).toBe(406);
    expect((await send('get', '/api/v1/jobs/77.xmlx')).status).toBe(404);
    expect((await send('get', '/api/v1/none.json')).status).toBe(404);
  });

  it('are open to front-ends of any origin, without credentials', async () => {
    const origin = 'https://front.example';
    const asked = await request(api.app).options('/api/v1/projects/1.json').set({
      Origin: origin,
      'Access-Control-Request-Method': 'PUT',
      'Access-Control-Request-Headers': 'authorization',
    });
    expect([asked.status, asked.get('Access-Control-Allow-Methods')]).toEqual([204, 'GET, POST, PUT, DELETE']);
    const refused = await send('get', '/api/v1/jobs/77', '').set('Origin', origin);
    expect([refused.status, refused.get('Access-Control-Allow-Origin')]).toEqual([401, '*']);
    expect(refused.get('Access-Control-Allow-Credentials')).toBeUndefined();
  });

  it('are limited as reads of calls are', async () => {
    await api.close();
    api = await createJobApi({ readsPerSecond: 1 });
    const statuses: number[] = [];
    for (let count = 0; count < 3; count += 1) statuses.push((await send('get', '/api/v1/projects')).status);
    expect(statuses).toEqual([200, 200, 429]);
    const refused = await send('get', '/api/v1/projects');
    expect([refused.get('Retry-After'), refused.get('RateLimit-Policy')]).toEqual(['1', '"reads";q=2;w=2']);
  });
});
