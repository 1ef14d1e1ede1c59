import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Stage } from './stage.ts';
import { hangsUp, isHungUp, isInvited, isTerminated, pause, refuses, rings, takesCall, takesOffer } from './steps.ts';

let stage: Stage;

beforeAll(async () => {
  stage = await Stage.open({ lines: 5, transport: 'tcp' });
});

afterAll(() => stage.close());

const HUNG_UP = { state: 'ended', sip_status: 200, q850_cause: 16, reason: 'hangup' };

describe('a phone and a trunk over TCP', () => {
  it('are joined and ended by PUT, with TCP in every Via and Contact of ours', async () => {
    const call = await stage.place({
      phone: [...takesCall, ...takesOffer, ...isHungUp],
      carrier: [...takesCall, ...isHungUp],
    });
    await call.untilState('connected');
    await call.stop();
    const { call: ended, phone, carrier } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'user', legs: [HUNG_UP, HUNG_UP] });
    const invites = [...phone.messages, ...carrier.messages]
      .filter(({ direction, text }) => direction === 'received' && text.startsWith('INVITE'))
      .map(({ text }) => text);
    expect(invites).toHaveLength(3);
    for (const invite of invites) {
      expect(invite).toMatch(/^Via: SIP\/2\.0\/TCP /m);
      expect(invite).toMatch(/^Contact: .*;transport=tcp/im);
    }
  });

  it('hang up over the connections that they have', async () => {
    const call = await stage.place({
      phone: [...takesCall, ...takesOffer, ...isHungUp],
      carrier: [...takesCall, pause(300), ...hangsUp],
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'completed', ended_by: 'callee', legs: [HUNG_UP, HUNG_UP] });
  });

  it('are cancelled while the destination rings', async () => {
    const call = await stage.place({
      phone: [...takesCall, ...isHungUp],
      carrier: [isInvited, rings, ...isTerminated],
    });
    await call.untilLeg('callee', 'ringing');
    await call.stop();
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'cancelled', legs: [HUNG_UP, { sip_status: 487, reason: 'cancelled' }] });
  });

  it('refuse', async () => {
    const call = await stage.place({
      phone: [...takesCall, ...isHungUp],
      carrier: [isInvited, ...refuses('486 Busy Here')],
    });
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'busy', ended_by: 'callee', legs: [{}, { sip_status: 486 }] });
  });

  it('cannot be connected to: unreachable at once', async () => {
    const began = Date.now();
    const call = await stage.place({});
    const { call: ended } = await call.finished();
    expect(ended).toMatchObject({ outcome: 'unreachable', ended_by: 'system', ended_leg: 'caller' });
    expect(Date.now() - began).toBeLessThan(3000);
  });
});
