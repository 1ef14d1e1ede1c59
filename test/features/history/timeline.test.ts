import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import request, { type Test } from 'supertest';
import { parseStringPromise } from 'xml2js';
import { type CallApi, createCallApi } from '../../support/call-api.ts';
import { settleJournal } from '../../support/call-world.ts';

let api: CallApi;
let tokenCall: string;

beforeAll(async () => {
  api = await createCallApi();
  const placed = await request(api.app)
    .post('/rest/call')
    .set('Authorization', 'Bearer demo-call')
    .send({ number: '+12025550100' });
  tokenCall = new URL(placed.get('Location')!).searchParams.get('token_call')!;
});
afterAll(() => api.close());

const get = (query: string, token = 'demo-read'): Test =>
  request(api.app).get(`/rest/call?${query}`).set('Authorization', `Bearer ${token}`);

interface Shown {
  readonly state: string;
  readonly events: readonly Readonly<Record<string, unknown>>[];
}

const timeline = async (token?: string): Promise<Shown> => {
  await settleJournal(api, tokenCall);
  return (await get(`token_call=${tokenCall}&expand=events`, token).expect(200)).body as Shown;
};

describe('GET /rest/call?token_call=&expand=events', () => {
  it('shows what has happened so far in a call that goes on', async () => {
    const { events, ...call } = await timeline();
    expect(call).toEqual((await get(`token_call=${tokenCall}`).expect(200)).body);
    const at = '2026-01-01T00:00:00.000Z';
    const addresses = { caller_address: 'sip:demo@127.0.0.1', callee_address: '+12025550100' };
    expect(events).toEqual([{ event: 'call.created', sequence: 1, at, caller_id: null, ...addresses }]);
  });

  it('shows all of a call that is over, in the words of the API, and that it is settled last', async () => {
    const { last } = api.engine;
    const cause = { sipStatus: 486, q850Cause: 17, reason: 'busy' };
    last.tell({ type: 'leg-calling', leg: 'caller', address: 'sip:demo@127.0.0.1' });
    last.tell({ type: 'leg-ringing', leg: 'caller', sipStatus: 180 });
    api.clock.advance(1500);
    last.tell({ type: 'leg-answered', leg: 'caller', sipStatus: 200 });
    last.tell({ type: 'leg-calling', leg: 'callee', address: '+12025550100', trunk: 'carrier' });
    last.tell({ type: 'over', verdict: { by: 'failure', leg: 'callee', failure: 'response', cause } });
    last.tell({ type: 'leg-ended', leg: 'callee', cause });
    last.tell({ type: 'leg-ended', leg: 'caller', cause: { sipStatus: null, q850Cause: 17, reason: 'busy' } });
    const { state, events } = await timeline();
    expect(state).toBe('ended');
    const later = '2026-01-01T00:00:01.500Z';
    const busy = { sip_status: 486, q850_cause: 17, reason: 'busy' };
    expect(events.slice(4)).toEqual([
      { event: 'leg.answered', sequence: 5, at: later, leg: 'caller', sip_status: 200 },
      { event: 'call.dialling', sequence: 6, at: later },
      { event: 'leg.calling', sequence: 7, at: later, leg: 'callee', address: '+12025550100', trunk: 'carrier' },
      {
        ...{ event: 'call.ended', sequence: 8, at: later, outcome: 'busy', ended_by: 'callee', ended_leg: 'callee' },
        ...{ talk_seconds: null, ...busy },
      },
      { event: 'leg.ended', sequence: 9, at: later, leg: 'callee', ...busy },
      { event: 'leg.ended', sequence: 10, at: later, leg: 'caller', ...busy, sip_status: 200 },
      { event: 'call.settled', sequence: 10, at: later },
    ]);
  });

  it('is there as XML too', async () => {
    const { events } = await timeline();
    const { text } = await get(`token_call=${tokenCall}&expand=events`).set('Accept', 'text/xml').expect(200);
    const { call } = (await parseStringPromise(text)) as { call: { events: { event: { event: string[] }[] }[] } };
    expect(call.events[0]!.event.map(({ event }) => event[0])).toEqual(events.map(({ event }) => event));
    await get(`token_call=${tokenCall}&expand=events`).set('Accept', 'text/csv').expect(406);
  });

  it('has a tag of its own in each format, and is 304 to who has it', async () => {
    const path = `token_call=${tokenCall}&expand=events`;
    const { headers } = await get(path).expect(200);
    const tag = headers['etag'] ?? '';
    expect(tag).toBe('W/"10-json-events"');
    const again = await get(path).set('If-None-Match', tag).expect(304);
    expect([again.headers['etag'], again.text]).toEqual([tag, '']);
    await get(path).set('If-None-Match', 'W/"9-json-events"').expect(200);
    await get(path).set('If-None-Match', tag).set('Accept', 'text/xml').expect(200);
    await get(`token_call=${tokenCall}`).set('If-None-Match', tag).expect(200);
    await get(path, 'alice-call').set('If-None-Match', tag).expect(409);
  });

  it('is shown to who may see the call, and to nobody else', async () => {
    expect((await timeline('operator-all')).events).toHaveLength(11);
    expect((await timeline('app-application')).events).toHaveLength(11);
    for (const token of ['alice-call', 'other-application']) {
      const { body } = await get(`token_call=${tokenCall}&expand=events`, token).expect(409);
      expect(body).toMatchObject({ code: 'call_not_found' });
    }
    await get('token_call=unknown&expand=events').expect(409);
    await get(`token_call=${tokenCall}&expand=events`, 'demo-write').expect(403);
  });

  it.each([
    ['token_call=x&expand=ladder', 'expand'],
    ['token_call=x&expand=events,ladder', 'expand'],
    ['token_call=x&expand=', 'expand'],
    ['token_call=x&expand=legs', 'expand'],
    ['expand=events', 'token_call'],
    ['token_call=x&expand=events&all=true', 'all'],
  ])('refuses %s, and names the parameter', async (query, parameter) => {
    const { body } = await get(query).expect(400);
    expect(body).toMatchObject({ code: 'invalid_request', parameter });
  });
});
