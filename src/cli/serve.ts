import { type RunningService, sipAddress, startService } from '../app/service.ts';
import { readConfig } from '../config/config.ts';
import type { Terminal } from './terminal.ts';

/** A terminal that is closed sends SIGHUP, and takes the service along; elsewhere the signal means nothing to it. */
const isAtTerminal = (): boolean => process.stdin.isTTY || process.stdout.isTTY;

/** Resolves at the first signal, which a start under way still awaits. A second one ends the process at once. */
const firstSignal = ({ say }: Terminal): Promise<NodeJS.Signals> =>
  new Promise((resolve) => {
    const signals: NodeJS.Signals[] = ['SIGINT', 'SIGTERM'];
    if (isAtTerminal()) signals.push('SIGHUP');
    else process.on('SIGHUP', () => say('SIGHUP is ignored: settings are read at the start.'));
    for (const signal of signals) {
      process.once(signal, () => {
        for (const each of signals) process.once(each, () => process.exit(1));
        resolve(signal);
      });
    }
  });

/** What was not caught is a fault of ours. After a rejection the service runs on; after an exception nothing is sure. */
const reportFaults = ({ log, stop }: RunningService): void => {
  process.on('unhandledRejection', (error) => log.error({ err: error }, 'a rejection was not handled'));
  process.on('uncaughtException', (error) => {
    log.error({ err: error }, 'an exception was not caught');
    void stop().finally(() => process.exit(1));
  });
};

/** Runs the service until a signal ends it. */
export const serve = async (terminal: Terminal): Promise<void> => {
  const { say } = terminal;
  const config = readConfig();
  const signalled = firstSignal(terminal);
  const service = await startService(config);
  reportFaults(service);
  const { log, publicUrl, sip } = service;
  log.info({ url: publicUrl, sip: sip.map(sipAddress), sandbox: config.sandbox }, 'ready');
  say(`Offhook is ready at ${publicUrl} and ${sip.map(sipAddress).join(', ')}`);
  if (config.sandbox) say(`The sandbox is on: try ${publicUrl}/test as demo, password demo.`);
  const signal = await signalled;
  log.info({ signal }, 'stopping');
  await service.stop();
  log.info({}, 'stopped');
};
