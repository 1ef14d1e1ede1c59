import { type Command, InvalidArgumentError, Option } from 'commander';
import type { Administration } from '../app/administration.ts';
import { type CommandContext, isoTime } from './command-context.ts';
import { RefusedError } from './errors.ts';
import { formatTable } from './terminal.ts';

interface DeliveriesOptions {
  readonly state?: 'pending' | 'delivered' | 'dead';
  readonly limit: number;
}

const MOST_ROWS = 500;

const webhookNamed = async ({ webhooks }: Administration, id: string) => {
  const webhook = await webhooks.find(id);
  if (webhook === undefined) throw new RefusedError(`There is no webhook ${id}.`);
  return webhook;
};

const number = (most: number) => (text: string) => {
  if (!/^[1-9]\d{0,14}$/.test(text) || Number(text) > most) throw new InvalidArgumentError('It is no number of one.');
  return Number(text);
};

const addList = (command: Command, { show, administer }: CommandContext): void => {
  command
    .command('list')
    .description('all webhooks, or those of one application')
    .option('--client <id>', 'of this application alone')
    .action(({ client }: { readonly client?: string }) =>
      administer(async ({ webhooks }) => {
        const found = await webhooks.list(client);
        const rows = found.map(({ id, clientId, status, url, events }) => [
          id,
          clientId,
          status,
          url,
          events.join(' '),
        ]);
        show({
          data: found.map((webhook) => webhooks.represent(webhook)),
          lines: [formatTable([['ID', 'CLIENT', 'STATUS', 'ADDRESS', 'EVENTS'], ...rows])],
        });
      }),
    );
};

const addDeliveries = (command: Command, { show, administer }: CommandContext): void => {
  command
    .command('deliveries')
    .description('what was sent to a webhook or waits to be, the newest first')
    .argument('<webhook>', 'its id')
    .addOption(new Option('--state <state>', 'of this state alone').choices(['pending', 'delivered', 'dead']))
    .option('--limit <number>', `how many, at most ${MOST_ROWS}`, number(MOST_ROWS), 50)
    .action((id: string, options: DeliveriesOptions) =>
      administer(async (administration) => {
        const { webhooks } = administration;
        await webhookNamed(administration, id);
        const found = await webhooks.deliveries(id, options);
        const rows = found.map((each) => [
          ...[String(each.id), each.event, each.tokenCall ?? '', each.state, String(each.attempts)],
          ...[isoTime(each.nextAttemptAt) ?? '', each.lastError ?? String(each.lastStatus ?? '')],
        ]);
        show({
          data: found.map((delivery) => webhooks.representDelivery(delivery)),
          lines: [formatTable([['NUMBER', 'EVENT', 'CALL', 'STATE', 'SENT', 'NEXT', 'LAST'], ...rows])],
        });
      }),
    );
};

const addResend = (command: Command, { show, administer }: CommandContext): void => {
  command
    .command('resend')
    .description('send a delivery once more, with the id that it had')
    .argument('<webhook>', 'its id')
    .argument('<number>', 'of the delivery', number(Number.MAX_SAFE_INTEGER))
    .action((id: string, delivery: number) =>
      administer(async (administration) => {
        const { webhooks } = administration;
        const { status } = await webhookNamed(administration, id);
        if (status !== 'enabled') throw new RefusedError(`The webhook ${id} is disabled: its owner has to enable it.`);
        const sent = await webhooks.resend(id, delivery);
        if (sent === undefined) throw new RefusedError(`The webhook ${id} has no delivery ${delivery}.`);
        show({ data: webhooks.representDelivery(sent), said: [`Delivery ${delivery} is on its way again.`] });
      }),
    );
};

/** `webhook list | deliveries | resend` */
export const addWebhookCommands = (program: Command, context: CommandContext): void => {
  const command = program.command('webhook').description('webhooks of applications, and what is sent to them');
  addList(command, context);
  addDeliveries(command, context);
  addResend(command, context);
};
