/*
 * What a run is told by variables. The usual values are those of a full run.
 */
const number = (name: string, usual: number): number => Number(process.env[name] ?? usual);

const numbers = (name: string, usual: string): number[] => (process.env[name] ?? usual).split(',').map(Number);

/** Calls a second that are always measured, from the lowest on. */
export const fixedRates = numbers('RATES', '75,300,600');
export const secondsPerRate = number('SECONDS_PER_RATE', 10);
/** Connections of the client, a series of measurements for each. */
export const connectionCounts = numbers('CONNECTIONS', '64,8000');
/** After these nothing of the way of a call is compiled any more. */
export const warmUpCalls = number('WARM_UP_CALLS', 3000);
/** What overload is a multiple of, where it has not been measured in the same run; 0: it is measured first. */
export const cleanRate = number('CLEAN_RATE', 0);
export const overloadSeconds = number('OVERLOAD_SECONDS', 20);
export const floodSeconds = number('FLOOD_SECONDS', 20);
/** Calls that are held at the end, and those at the beginning that the memory of a call is measured from. */
export const heldCalls = numbers('HELD_CALLS', '2000,10000');
/** As `npm start` has them; for profiles add --cpu-prof and --cpu-prof-dir. */
export const nodeArguments = (process.env['NODE_ARGUMENTS'] ?? '').split(' ').filter((argument) => argument !== '');
