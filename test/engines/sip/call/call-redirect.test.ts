import { afterEach, describe, expect, it } from '@jest/globals';
import { expectNothingLeft, NUMBER, SipWorld, type SipWorldOptions } from '../../../support/sip-world.ts';

let world: SipWorld;

afterEach(async () => {
  await expectNothingLeft(world);
});

/** The first trunk sends each call on to these contacts. */
const redirecting = async (contacts: string, options: SipWorldOptions = {}) => {
  world = await SipWorld.started({ busyToneMs: 0, ...options });
  world.answering(world.phone);
  world.answering(world.nextCarrier);
  world.carrier.listen((session) => session.reject(302, [['contact', contacts]]));
  const placed = world.place();
  await world.elapse(3000);
  return { ...placed, targets: world.nextCarrier.incoming.map(({ session }) => session.request.uri) };
};

describe('a redirected call', () => {
  it('ends by default: who answers an INVITE does not choose whom we pay', async () => {
    const { notified, targets } = await redirecting('<sip:+4479@10.0.0.4>');
    expect([notified.at(-3), targets]).toEqual(['over: callee response 302 redirected', []]);
  });

  it('is followed to a host that is allowed, the best first', async () => {
    const { call, notified, targets } = await redirecting(
      '<sip:evil@10.6.6.6>, <tel:+1900>, "x" <sip:second@10.0.0.4>;q=0.2, <sip:first@10.0.0.4>;q=0.9',
      { redirectHosts: ['10.0.0.4'] },
    );
    expect([notified.at(-1), targets]).toEqual(['joined', ['sip:first@10.0.0.4']]);
    expect(notified.filter((text) => text.startsWith('callee calling'))).toEqual([
      `callee calling ${NUMBER}`,
      `callee calling ${NUMBER}`,
    ]);
    call.hangUp();
  });

  it('ends where no contact is allowed, or none can be read', async () => {
    const contacts = ['<sip:evil@10.6.6.6>, <sips:b@10.0.0.4>', '<mailto:a@b>', '*'];
    for (const contact of contacts) {
      const { notified } = await redirecting(contact, { redirectHosts: ['10.0.0.4'] });
      expect(notified).toContain('over: callee response 302 redirected');
      if (contact !== contacts.at(-1)) await expectNothingLeft(world);
    }
  });

  it('is followed five times at the most, and never in a circle', async () => {
    world = await SipWorld.started({ busyToneMs: 0, redirectHosts: ['10.0.0.3'] });
    world.answering(world.phone);
    let count = 0;
    world.carrier.listen((session) => {
      count += 1;
      session.reject(302, [['contact', `<sip:hop${count}@10.0.0.3>, <sip:hop1@10.0.0.3>, <sip:x@10.0.0.4>`]]);
    });
    const { notified } = world.place();
    await world.elapse(3000);
    expect(count).toBe(6);
    expect(notified).toContain('over: callee response 302 redirected');
    world.carrier.listen((session) => session.reject(302, [['contact', '<sip:same@10.0.0.3>']]));
    const circle = world.place();
    await world.elapse(3000);
    expect(circle.notified.filter((text) => text.startsWith('callee calling'))).toHaveLength(2);
  });
});
