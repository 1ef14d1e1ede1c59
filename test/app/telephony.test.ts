import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { Shutdown } from '../../src/app/shutdown.ts';
import { issueSipAccount } from '../../src/app/sip-accounts.ts';
import { startTelephony } from '../../src/app/telephony.ts';
import { readConfig } from '../../src/config/config.ts';
import { AnalysisThread } from '../../src/media/analysis/analysis-thread.ts';
import { createSteadyClock } from '../../src/shared/clock.ts';
import { createSystemIds } from '../../src/shared/ids.ts';
import { silentLog } from '../../src/shared/log.ts';
import { Authorizer } from '../../src/sip/auth/authorizer.ts';
import { SipHeaders } from '../../src/sip/message/headers.ts';
import { SipRequest, type SipResponse } from '../../src/sip/message/message.ts';
import { parseMessage } from '../../src/sip/message/parse.ts';
import { printMessage } from '../../src/sip/message/print.ts';
import { createOAuthApp, type OAuthApp } from '../support/oauth-app.ts';

const ids = createSystemIds();
const shutdown = new Shutdown(silentLog);
let app: OAuthApp;
let socket: Socket;

beforeEach(async () => {
  app = await createOAuthApp();
  socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
});

afterEach(async () => {
  await shutdown.run();
  socket.close();
  await app.close();
});

/** What the registrar answers, over a real socket. */
const ask = async (request: SipRequest, port: number): Promise<SipResponse> => {
  const via = `SIP/2.0/UDP 127.0.0.1:${socket.address().port};branch=z9hG4bK${ids.random(64)}`;
  request.headers.set('via', via);
  socket.send(printMessage(request), port, '127.0.0.1');
  const [datagram] = (await once(socket, 'message')) as [Buffer];
  return parseMessage(datagram) as SipResponse;
};

const registration = (): SipRequest =>
  new SipRequest(
    'REGISTER',
    'sip:127.0.0.1',
    new SipHeaders()
      .append('from', '<sip:desk@127.0.0.1>;tag=1')
      .append('to', '<sip:desk@127.0.0.1>')
      .append('call-id', 'c1')
      .append('cseq', '1 REGISTER')
      .append('max-forwards', '70')
      .append('contact', '<sip:desk@192.0.2.1>'),
  );

it('a phone goes on with its nonce after the wall clock is set to any time', async () => {
  const { stores, clock } = app;
  const user = await stores.users.findByUsername('demo');
  const password = await issueSipAccount({ stores, ids }, { userId: user!.id, account: 'desk' });
  const config = readConfig({ OFFHOOK_SIP_LISTEN: 'udp:127.0.0.1:0', OFFHOOK_SANDBOX: 'off' });
  const { secretKey } = stores;
  const steadyClock = createSteadyClock(clock);
  const analysis = new AnalysisThread({ log: silentLog });
  const parts = { config, stores, secretKey, analysis, clock, steadyClock, ids, log: silentLog, shutdown };
  const { listeners } = await startTelephony(parts);
  const port = listeners[0]!.port;
  const challenge = await ask(registration(), port);
  expect(challenge.status).toBe(401);
  const phone = new Authorizer({ username: 'desk', password }, ids);
  let cseq = 1;
  for (const step of [0, 3_600_000, -2 * 3_600_000, 3 * 86_400_000]) {
    clock.step(step);
    const again = phone.retry(registration(), challenge, () => (cseq += 1));
    expect((await ask(again!, port)).status).toBe(200);
  }
  clock.advance(300_001);
  const late = phone.retry(registration(), challenge, () => (cseq += 1));
  expect((await ask(late!, port)).headers.get('www-authenticate')).toContain('stale=true');
});
