import { describe, expect, it } from '@jest/globals';
import { Dialog } from '../../../src/sip/dialog/dialog.ts';
import type { SipRequest, SipResponse } from '../../../src/sip/message/message.ts';
import { type SipMessage } from '../../../src/sip/message/message.ts';
import { tryParse } from '../../../src/sip/message/parse.ts';
import { keepsToFlow } from '../../../src/sip/session/with-next-hop.ts';
import type { Hop } from '../../../src/sip/transport/transport.ts';

const PEER: Hop = { protocol: 'udp', address: '192.0.2.7', port: 5060 };

const message = (startLine: string, lines: string[]): SipMessage => {
  const parsed = tryParse(Buffer.from(`${startLine}\r\n${lines.join('\r\n')}\r\nContent-Length: 0\r\n\r\n`));
  if (parsed.kind !== 'message') throw new Error('Not SIP');
  return parsed.message;
};

const COMMON = [
  'Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1',
  'From: "Alice" <sip:alice@192.0.2.1>;tag=a',
  'Call-ID: c1',
  'CSeq: 5 INVITE',
];

const response = (status: number, more: string[] = ['Contact: <sip:bob@192.0.2.8:5070>']): SipResponse =>
  message(`SIP/2.0 ${status} X`, [...COMMON, 'To: <sip:bob@192.0.2.2>;tag=b', ...more]) as SipResponse;

const invite = (more: string[] = ['Contact: <sip:alice@192.0.2.1:5071>']): SipRequest =>
  message('INVITE sip:bob@192.0.2.2 SIP/2.0', [...COMMON, 'To: <sip:bob@192.0.2.2>', ...more]) as SipRequest;

const caller = (more?: string[]): Dialog =>
  Dialog.ofResponse(response(200, more), { target: 'sip:bob@192.0.2.2', peer: PEER });

const routesOf = (request: SipRequest): string[] => request.headers.all('route');

describe('a dialog', () => {
  it('of the caller: the reversed Record-Route, the Contact as target, the next CSeq, both tags', () => {
    const dialog = caller([
      'Contact: <sip:bob@192.0.2.8:5070>',
      'Record-Route: <sip:p2.test;lr>, <sip:p1b.test;lr>',
      'Record-Route: <sip:p1.test;lr>',
    ]);
    const bye = dialog.createRequest('BYE');
    expect(bye.uri).toBe('sip:bob@192.0.2.8:5070');
    expect(routesOf(bye)).toEqual(['<sip:p1.test;lr>', '<sip:p1b.test;lr>', '<sip:p2.test;lr>']);
    expect(dialog.nextHopUri).toBe('sip:p1.test;lr');
    expect(bye.headers.get('cseq')).toBe('6 BYE');
    expect(bye.headers.get('from')).toBe('"Alice" <sip:alice@192.0.2.1>;tag=a');
    expect(bye.headers.get('to')).toBe('<sip:bob@192.0.2.2>;tag=b');
    expect(dialog.createAck(5).headers.get('cseq')).toBe('5 ACK');
    expect(dialog.createRequest('INVITE').cseq.sequence).toBe(7);
  });

  it('of the called: Record-Route in order, From and To turned round', () => {
    const dialog = Dialog.ofRequest(
      invite(['Contact: <sip:alice@192.0.2.1:5071>', 'Record-Route: <sip:p2.test;lr>,<sip:p1.test;lr>']),
      'mine',
      PEER,
    );
    const bye = dialog.createRequest('BYE');
    expect(bye.uri).toBe('sip:alice@192.0.2.1:5071');
    expect(routesOf(bye)).toEqual(['<sip:p2.test;lr>', '<sip:p1.test;lr>']);
    expect(bye.headers.get('from')).toBe('<sip:bob@192.0.2.2>;tag=mine');
    expect(bye.headers.get('to')).toBe('"Alice" <sip:alice@192.0.2.1>;tag=a');
    expect(bye.cseq.sequence).toBe(1);
  });

  it('behind a strict router: its URI as Request-URI, the target as the last Route', () => {
    const dialog = caller(['Contact: <sip:bob@192.0.2.8>', 'Record-Route: <sip:p2.test;lr>, <sip:old.test>']);
    const bye = dialog.createRequest('BYE');
    expect(bye.uri).toBe('sip:old.test');
    expect(routesOf(bye)).toEqual(['<sip:p2.test;lr>', '<sip:bob@192.0.2.8>']);
    expect(dialog.nextHopUri).toBe('sip:old.test');
  });

  it('takes CSeqs in rising order only, from the INVITE on where it came in', () => {
    const dialog = Dialog.ofRequest(invite(), 'mine', PEER);
    expect([5, 4, 6, 6, 9, 7].map((number) => dialog.takeRemoteCSeq(number))).toEqual([
      false,
      false,
      true,
      false,
      true,
      false,
    ]);
    const asked = caller();
    expect([3, 2].map((number) => asked.takeRemoteCSeq(number))).toEqual([true, false]);
  });

  it('follows the Contact of the peer and keeps the old one where the new cannot be called', () => {
    const dialog = caller();
    dialog.refreshTarget(response(200, ['Contact: "B" <sip:bob@192.0.2.9>;expires=3']));
    dialog.refreshTarget(response(200, ['Contact: <tel:+15550100>']));
    dialog.refreshTarget(response(200, []));
    expect(dialog.createRequest('BYE').uri).toBe('sip:bob@192.0.2.9');
  });

  it('early until confirmed: the 2xx sets the route set anew', () => {
    const dialog = Dialog.ofResponse(response(180, ['Contact: <sip:b@192.0.2.8>', 'Record-Route: <sip:p1.test;lr>']), {
      target: 'sip:bob@192.0.2.2',
      peer: PEER,
    });
    expect([dialog.state, dialog.isRouted]).toEqual(['early', true]);
    dialog.confirm(response(200));
    expect([dialog.state, dialog.isRouted, dialog.remoteTarget]).toEqual([
      'confirmed',
      false,
      'sip:bob@192.0.2.8:5070',
    ]);
  });

  it('goes on after a restart from its JSON', () => {
    const dialog = caller(['Contact: <sip:bob@192.0.2.8>', 'Record-Route: <sip:p1.test;lr>']);
    dialog.takeRemoteCSeq(40);
    dialog.createRequest('INVITE');
    const revived = Dialog.fromJSON(JSON.parse(JSON.stringify(dialog)));
    expect(revived.toJSON()).toEqual(dialog.toJSON());
    revived.skipLocalCSeq(10);
    const bye = revived.createRequest('BYE');
    expect([bye.cseq.sequence, bye.uri, routesOf(bye)]).toEqual([17, 'sip:bob@192.0.2.8', ['<sip:p1.test;lr>']]);
    expect([revived.takeRemoteCSeq(40), revived.role, revived.peer]).toEqual([false, 'uac', PEER]);
  });
});

describe('the flow of a dialog', () => {
  const flow = (contact: string, peer: Hop, more: string[] = []): boolean =>
    keepsToFlow(Dialog.ofResponse(response(200, [`Contact: <${contact}>`, ...more]), { target: 'sip:x@y', peer }));

  it('is kept for a Contact inside a NAT, and over TCP for the host of the connection', () => {
    const tcp: Hop = { protocol: 'tcp', address: '192.0.2.7', port: 40_000 };
    expect(flow('sip:bob@192.168.1.4:5060', PEER)).toBe(true);
    expect(flow('sip:bob@100.64.3.4', PEER)).toBe(true);
    expect(flow('sip:bob@192.0.2.7;transport=tcp', tcp)).toBe(true);
    expect(flow('sip:bob@192.0.2.7:5070', PEER)).toBe(false);
    expect(flow('sip:bob@192.0.2.8', PEER)).toBe(false);
    expect(flow('sip:bob@192.0.2.8;transport=tcp', tcp)).toBe(false);
    expect(flow('sip:bob@10.0.0.2', { ...PEER, address: '10.0.0.9' })).toBe(false);
    expect(flow('sip:bob@192.168.1.4', PEER, ['Record-Route: <sip:p1.test;lr>'])).toBe(false);
  });
});
