import { writeSync } from 'node:fs';
import { systemClock } from '../../src/shared/clock.ts';
import { silentLog } from '../../src/shared/log.ts';
import { KyselyCallStore } from '../../src/storage/calls/kysely-call-store.ts';
import { KyselyCodeStore } from '../../src/storage/oauth/kysely-code-store.ts';
import { KyselyDeviceGrantStore } from '../../src/storage/oauth/kysely-device-grant-store.ts';
import { KyselyTokenStore } from '../../src/storage/oauth/kysely-token-store.ts';
import { openDatabase } from '../../src/storage/open-database.ts';
import { openSecretKey } from '../../src/storage/secret-check.ts';
import { fingerprintOf } from '../../src/storage/secret-key.ts';
import { aCall, aLeg, anEvent } from '../contracts/records.ts';
import { type GrantStores, issueGrants } from './issue-grants.ts';

/** A second process on the database of a test: `other-process.ts <command> <url> [argument]`. */
const [command, url = '', argument = ''] = process.argv.slice(2);
const database = await openDatabase({ url, clock: systemClock, log: silentLog });

/** At once, so that what was said before the kill is heard; a pipe that is full is written to again. */
const say = (line: string): void => {
  for (;;) {
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
};

/** Says each token once its call is promised to be in the journal, until it is killed. */
const insertCalls = async (): Promise<never> => {
  const calls = new KyselyCallStore(database, systemClock);
  const insert = async (token: string): Promise<void> => {
    await calls.insert(aCall(token), anEvent(1));
    say(`inserted ${token}`);
    const answered = aCall(token, {
      sequence: 2,
      state: 'calling',
      legs: [aLeg('caller', { state: 'calling' }), aLeg('callee')],
    });
    await calls.update(answered, ['caller'], [anEvent(2, { name: 'call.calling', payload: {} })]);
    say(`updated ${token}`);
  };
  for (let round = 0; ; round += 1) {
    await Promise.all(Array.from({ length: 20 }, (_, index) => insert(`${argument}${round}-${index}`)));
  }
};

const grantStores = (): GrantStores => ({
  tokens: new KyselyTokenStore(database),
  codes: new KyselyCodeStore(database),
  devices: new KyselyDeviceGrantStore(database),
});

switch (command) {
  case 'open':
    break;
  case 'open-key':
    say(fingerprintOf(await openSecretKey({ database, databaseUrl: url, path: argument, log: silentLog })));
    break;
  case 'insert-calls':
    await insertCalls();
    break;
  case 'issue-grants':
    await issueGrants(grantStores(), { prefix: argument, promise: say });
    break;
  case 'revoke':
    await new KyselyTokenStore(database).revokeFamily(argument);
    break;
}
say('done');
await database.close();
