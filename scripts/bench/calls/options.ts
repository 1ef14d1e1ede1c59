/** What a run is told by variables; the usual values are those of a full run. */
const numbers = (name: string, usual: string): number[] => (process.env[name] ?? usual).split(',').map(Number);

/** Calls a second that are always measured, from the lowest on. */
export const rates = numbers('RATES', '75,300,600');
export const secondsPerRate = Number(process.env['SECONDS_PER_RATE'] ?? 10);
/** Connections of the client, a series of measurements for each. */
export const connectionCounts = numbers('CONNECTIONS', '64,8000');
/** After these nothing of the way of a call is compiled any more. */
export const warmUpCalls = Number(process.env['WARM_UP_CALLS'] ?? 3000);
/** As `npm start` has them; for profiles add --cpu-prof and --cpu-prof-dir. */
export const nodeArguments = (process.env['NODE_ARGUMENTS'] ?? '')
  .split(' ')
  .filter((argument) => argument !== '');
