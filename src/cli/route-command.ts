import type { Command } from 'commander';
import { reportRoute, type RouteReport, type TrunkReport } from '../app/route-report.ts';
import { userNamed } from './accounts.ts';
import { type CommandContext, formatPairs } from './command-context.ts';

/** What the process ends with where the number would not be called. */
const REFUSED = 1;

const sayTrunk = ({ name, from, headers, request_uri: target }: TrunkReport): string =>
  [name, target, `from ${from}`, ...headers].join('  ');

const describe = (report: RouteReport): readonly string[] => {
  const { refusal } = report;
  return formatPairs({
    dialled: report.dialled,
    in: report.dialled_in,
    'read as': report.read_as === 'pattern' ? 'what a route takes as it is' : report.read_as,
    number: report.number ?? undefined,
    country: report.country ?? undefined,
    route: report.route ?? (report.trunks.length > 0 ? 'none: every trunk in its order' : undefined),
    ...Object.fromEntries(report.phones.map((phone, index) => [`phone ${index + 1}`, phone])),
    ...Object.fromEntries(report.trunks.map((trunk, index) => [`trunk ${index + 1}`, sayTrunk(trunk)])),
    refused: refusal === null ? undefined : [refusal.reason ?? refusal.code, refusal.detail].join(': '),
  });
};

/** `route` */
export const addRouteCommand = (program: Command, { config, show, administer, exitWith }: CommandContext): void => {
  program
    .command('route <number>')
    .description('where a number would go, over which trunks and as whom; ends with 1 where it would be refused')
    .option('--user <username>', 'who dials; otherwise somebody in the home country')
    .action((number: string, { user }: { user?: string }) =>
      administer(async (administration) => {
        const dialler = user === undefined ? undefined : await userNamed(administration, user);
        const report = await reportRoute({ config: config(), stores: administration.stores, number, user: dialler });
        show({ data: report, lines: describe(report) });
        if (report.refusal !== null) exitWith(REFUSED);
      }),
    );
};
