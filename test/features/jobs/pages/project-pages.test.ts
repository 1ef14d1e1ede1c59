import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Agent, type Response } from 'supertest';
import { html } from '../../../support/management.ts';
import { createProjectApp, type ProjectApp } from './project-app.ts';

let app: ProjectApp;
beforeAll(async () => {
  app = await createProjectApp();
});
afterAll(() => app.oauth.close());

const PROJECTS = '/management/projects';
const script = { name: 'answers', number: '+12025550100', expect: { outcome: 'completed' }, steps: [{ dtmf: '1#' }] };
const fields = {
  name: 'Nightly',
  parallel: '2',
  schedule: '0 3 * * *',
  time_zone: 'Europe/Berlin',
  scripts: JSON.stringify([script]),
};

const send = (agent: Agent, address: string, form: object): Promise<Response> =>
  agent.post(address).set(html).type('form').send(form).then();
const locationOf = ({ status, headers }: Response): string => {
  expect(status).toBe(303);
  return (headers['location'] ?? '').replace(/\?.*/, '').replace('http://localhost:8888', '');
};
const make = async (agent: Agent = app.alice, changes: object = {}): Promise<string> =>
  locationOf(await send(agent, PROJECTS, { ...fields, ...changes }));
const wav = (): Buffer => {
  const file = Buffer.alloc(44 + 1600);
  file.write('RIFF', 0);
  file.writeUInt32LE(36 + 1600, 4);
  file.write('WAVEfmt ', 8);
  [16, 0x10001, 8000, 16_000, 0x100002].forEach((word, index) => file.writeUInt32LE(word, 16 + 4 * index));
  file.write('data', 36);
  file.writeUInt32LE(1600, 40);
  return file;
};

describe('the pages of projects', () => {
  it('send who is not logged in to the login, and programs away', async () => {
    const page = await request(app.oauth.app).get(PROJECTS).set(html).expect(303);
    expect(page.headers['location']).toContain('/auth/login?return_to=');
    await request(app.oauth.app).get(PROJECTS).expect(401);
  });

  it('teach what a project is while there is none', async () => {
    const { text } = await app.bob.get(PROJECTS).set(html).expect(200);
    expect(text).toContain('Make a project');
    expect(text).toContain('/api/v1/projects.json');
  });

  it('make a project, list it with its next run, and show it as it was written', async () => {
    const address = await make();
    const list = await app.alice.get(PROJECTS).set(html).expect(200);
    expect(list.text).toContain('Nightly');
    expect(list.text).toMatch(/next run \w{3},? \d+ \w+ \d{4}, 03:00/);
    const { body } = await app.alice.get(address).expect(200);
    expect(body).toMatchObject({ name: 'Nightly', parallel: '2', schedule: '0 3 * * *', timeZone: 'Europe/Berlin' });
    expect(JSON.parse(body.scripts)).toEqual([{ ...script, retries: 0 }]);
    const { text } = await app.alice.get(address).set(html).expect(200);
    expect(text.match(/03:00/g)).toHaveLength(3);
  });

  it('make one project of a form that is sent twice', async () => {
    const form = { ...fields, name: 'Twice', form_id: 'one-form' };
    const replies = await Promise.all([send(app.alice, PROJECTS, form), send(app.alice, PROJECTS, form)]);
    const [first, second] = replies.map(locationOf);
    expect(first).toBe(second);
    const { body } = await app.alice.get(PROJECTS);
    expect(body.projects.filter(({ name }: { name: string }) => name === 'Twice')).toHaveLength(1);
  });

  it.each([
    [{ scripts: JSON.stringify([{ ...script, steps: [{ dtmf: '1x' }] }]) }, 'scripts[0].steps[0].dtmf', 400],
    [{ scripts: JSON.stringify([{ ...script, steps: [{ play: 'sound:gone' }] }]) }, 'scripts[0].steps[0].play', 400],
    [{ scripts: JSON.stringify([{ ...script, number: '+19005550100' }]) }, 'scripts[0].number', 403],
    [{ scripts: '[{"name":' }, 'scripts', 400],
    [{ scripts: '[]' }, 'scripts', 400],
    [{ schedule: 'at three' }, 'schedule', 400],
    [{ time_zone: 'Mars/Olympus' }, 'time_zone', 400],
    [{ parallel: 'many' }, 'parallel', 400],
  ])('show a mistake at its field, and keep what was typed: %j', async (changes, field, status) => {
    const typed = { ...fields, name: 'Kept <b>', ...changes };
    const { text, status: replied } = await send(app.alice, PROJECTS, typed);
    expect(replied).toBe(status);
    expect(text).toContain(`data-field="${field}"`);
    expect(text).toContain('value="Kept &lt;b&gt;"');
    expect(text).toContain(typed.scripts.replaceAll('"', '&quot;'));
    const { body } = await app.alice.get(PROJECTS);
    expect(body.projects.some(({ name }: { name: string }) => name.startsWith('Kept'))).toBe(false);
  });

  it('change a project, and leave it as it was where the change is refused', async () => {
    const address = await make();
    await send(app.alice, address, { ...fields, name: 'Changed' }).then(locationOf);
    expect((await send(app.alice, address, { ...fields, name: '' })).status).toBe(400);
    expect((await app.alice.get(address)).body.name).toBe('Changed');
  });

  it('ask before a project is deleted', async () => {
    const address = await make();
    expect((await app.alice.get(`${address}/delete`).set(html).expect(200)).text).toContain('Delete Nightly?');
    await app.alice.get(address).expect(200);
    await send(app.alice, `${address}/delete`, {}).then(locationOf);
    await app.alice.get(address).expect(404);
  });

  it('show a project to its owner and to administrators alone', async () => {
    const address = await make();
    for (const path of ['', '/delete']) await app.bob.get(`${address}${path}`).expect(404);
    for (const path of ['', '/jobs', '/delete']) {
      expect((await send(app.bob, `${address}${path}`, fields)).status).toBe(404);
    }
    await app.root.get(address).expect(200);
    const { body } = await app.root.get(PROJECTS);
    expect(body.projects.find(({ id }: { id: number }) => address.endsWith(`/${id}`)).owner).toBe('alice');
    for (const id of ['0', 'x', '999999', '1e3']) await app.alice.get(`${PROJECTS}/${id}`).expect(404);
  });

  it('take nothing from a page of another site', async () => {
    const sent = app.alice.post(PROJECTS).set('Origin', 'https://evil.example').type('form').send(fields);
    expect((await sent).status).toBe(403);
  });

  it('say when a schedule that is being typed comes next', async () => {
    const ask = (query: object) => app.alice.get(`${PROJECTS}/schedule`).query(query).expect(200);
    expect((await ask({ schedule: '30 4 * * 1', time_zone: 'UTC' })).body.next).toEqual([
      expect.stringMatching(/^Mon.*04:30$/),
      expect.stringMatching(/^Mon.*04:30$/),
      expect.stringMatching(/^Mon.*04:30$/),
    ]);
    expect((await ask({ schedule: 'soon' })).body).toEqual({ next: [], fault: expect.stringContaining('schedule') });
    expect((await ask({ schedule: '' })).body).toEqual({ next: [], fault: null });
  });
});

describe('the pages of jobs', () => {
  it('begin one job of a button that is pressed twice, and show its runs', async () => {
    const project = await make();
    const press = () => send(app.alice, `${project}/jobs`, { form_id: 'run-once' }).then(locationOf);
    const [job, same] = await Promise.all([press(), press()]);
    expect(same).toBe(job);
    const { body } = await app.alice.get(job);
    expect(body).toMatchObject({ over: false, completed: 0, total: 1, badge: { word: 'Queued' } });
    const { text } = await app.alice.get(job).set(html).expect(200);
    expect(text).toContain('Cancel the job');
    const run = await app.alice.get(`${job}/runs/${body.runs[0].id}`).set(html).expect(200);
    expect(run.text).toContain('They are judged when the call is over.');
  });

  it('answer who waits once the job is another, at once where it is already', async () => {
    const project = await make();
    const job = await send(app.alice, `${project}/jobs`, {}).then(locationOf);
    const { body } = await app.alice.get(`${job}/progress?version=-1`).expect(200);
    await app.oauth.stores.jobs.endJob(Number(job.split('/').at(-1)), 'cancelled', app.oauth.clock.now());
    const over = await app.alice.get(`${job}/progress?version=${body.version}`).expect(200);
    expect(over.body).toMatchObject({
      over: true,
      badge: { word: 'Cancelled' },
      runs: [{ badge: { word: 'Cancelled' } }],
    });
  });

  it('repeat a job that is over, and none that is under way', async () => {
    const project = await make();
    const job = await send(app.alice, `${project}/jobs`, {}).then(locationOf);
    expect((await send(app.alice, `${job}/restart`, {})).status).toBe(409);
    await app.oauth.stores.jobs.endJob(Number(job.split('/').at(-1)), 'cancelled', app.oauth.clock.now());
    const again = await send(app.alice, `${job}/restart`, {}).then(locationOf);
    expect(again).not.toBe(job);
    expect((await app.alice.get(again).set(html)).text).toContain(`again, as job ${job.split('/').at(-1)}`);
    expect((await app.alice.get(project)).body.jobs).toHaveLength(2);
  });

  it('are found under their own project, by their own user', async () => {
    const [project, other] = [await make(), await make()];
    const job = await send(app.alice, `${project}/jobs`, {}).then(locationOf);
    const { body } = await app.alice.get(job);
    const run = `${job}/runs/${body.runs[0].id}`;
    for (const path of [job, `${job}/progress`, run]) {
      await app.alice.get(path.replace(project, other)).expect(404);
      await app.bob.get(path).expect(404);
    }
    for (const path of ['cancel', 'restart']) expect((await send(app.bob, `${job}/${path}`, {})).status).toBe(404);
  });
});

describe('the page of sounds', () => {
  const upload = (name: string, file: Buffer, fileName = 'a file.wav'): Promise<Response> =>
    app.alice.post(`${PROJECTS}/sounds`).set(html).field('name', name).attach('file', file, fileName).then();

  it('keeps a WAV file under its name, plays it, and deletes it when asked twice', async () => {
    await upload('', wav(), 'Hello World.WAV').then(locationOf);
    expect((await app.alice.get(`${PROJECTS}/sounds`)).body.sounds).toMatchObject([
      { name: 'hello-world', seconds: '0.1' },
    ]);
    const played = await app.alice.get(`${PROJECTS}/sounds/hello-world.wav`).expect('Content-Type', /^audio\/wav/);
    expect(played.body).toEqual(wav());
    await app.bob.get(`${PROJECTS}/sounds/hello-world.wav`).expect(404);
    await app.alice.get(`${PROJECTS}/sounds/hello-world/delete`).set(html).expect(200);
    await send(app.alice, `${PROJECTS}/sounds/hello-world/delete`, {}).then(locationOf);
    expect((await app.alice.get(`${PROJECTS}/sounds`)).body.sounds).toEqual([]);
  });

  it.each([
    ['bad', Buffer.from('hello'), 'not a WAV file'],
    ['../etc', wav(), 'The name of a sound'],
    ['empty', Buffer.alloc(0), 'Choose a WAV file'],
  ])('says what is wrong with an upload: %s', async (name, file, sentence) => {
    const { status, text } = await upload(name, file);
    expect(status).toBe(400);
    expect(text).toContain(sentence);
  });

  it('refuses a form that breaks off', async () => {
    const broken = app.alice.post(`${PROJECTS}/sounds`).set(html).type('multipart/form-data; boundary=x');
    expect(
      (await broken.send('--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nRI')).status,
    ).toBe(400);
  });
});
