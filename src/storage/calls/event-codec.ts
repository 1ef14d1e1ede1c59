import {
  type CallEvent,
  type CallEventName,
  type CallEventPayloads,
  type CallFact,
  eventOf,
} from '../../calls/call-events.ts';
import type { LegRole } from '../../calls/call-state.ts';

/*
 * The events of one write in a line each: code and fields with tabs between them. They are two thirds of what a call
 * takes on the disk, so that names are numbers and nothing is said that the events before it say. A field that is null is
 * empty. An event that is later than the first of its row has the difference behind its code, in milliseconds: `11+20`.
 */

type Field = string | number | null;

/** Of a leg's event the first digit is the leg, of a call's event there is one digit. */
const callCodes = {
  '0': 'call.created',
  '1': 'call.calling',
  '2': 'call.dialling',
  '3': 'call.connected',
  '4': 'call.ended',
} as const;
const legCodes = { '0': 'leg.calling', '1': 'leg.ringing', '2': 'leg.answered', '3': 'leg.ended' } as const;
const legDigits: Readonly<Record<LegRole, string>> = { caller: '1', callee: '2' };

const codeOfName = Object.fromEntries(
  [...Object.entries(callCodes), ...Object.entries(legCodes)].map(([code, name]) => [name, code]),
) as Readonly<Record<CallEventName, string>>;

const fieldsOf = (fact: CallFact): readonly Field[] => {
  switch (fact.name) {
    case 'call.created':
      return [fact.payload.callerId, fact.payload.callerAddress, fact.payload.calleeAddress];
    case 'call.ended': {
      const { outcome, endedBy, endedLeg, talkMs, cause } = fact.payload;
      return [outcome, endedBy, endedLeg, talkMs, ...(cause ? [cause.sipStatus, cause.q850Cause, cause.reason] : [])];
    }
    case 'leg.calling':
      return [fact.payload.address, fact.payload.trunk];
    case 'leg.ringing':
    case 'leg.answered':
      return [fact.payload.sipStatus];
    case 'leg.ended':
      return [fact.payload.sipStatus, fact.payload.q850Cause, fact.payload.reason];
    default:
      return [];
  }
};

const isEmpty = (field: Field | undefined): boolean => field === null || field === '';

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n' };
const unescapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\t': '\t', '\\n': '\n' };

const SPECIAL = /[\\\t\n]/;
const EVERY_SPECIAL = /[\\\t\n]/g;

const write = (field: Field): string => {
  if (typeof field !== 'string') return field === null ? '' : String(field);
  return SPECIAL.test(field) ? field.replace(EVERY_SPECIAL, (mark) => escapes[mark] ?? mark) : field;
};
const read = (field: string): string => field.replace(/\\[\\tn]/g, (escape) => unescapes[escape] ?? escape);

const text = (field = ''): string | null => (field === '' ? null : read(field));
const number = (field = ''): number | null => (field === '' ? null : Number(field));

/** @param at - of the first event in the row */
const encodeEvent = (event: CallEvent, at: number): string => {
  let line = 'leg' in event.payload ? legDigits[event.payload.leg] : '';
  line += codeOfName[event.name];
  if (event.at !== at) line += `+${event.at - at}`;
  const fields = fieldsOf(event);
  let count = fields.length;
  while (count > 0 && isEmpty(fields[count - 1])) count -= 1;
  for (let index = 0; index < count; index += 1) line += `\t${write(fields[index] ?? null)}`;
  return line;
};

/** The events of one write, as `call_events.changes` keeps them. */
export const encodeEvents = (events: readonly CallEvent[]): string => {
  const [first, ...more] = events;
  if (first === undefined) return '';
  let lines = encodeEvent(first, first.at);
  for (const event of more) lines += `\n${encodeEvent(event, first.at)}`;
  return lines;
};

const endedPayload = ([outcome, endedBy, endedLeg, talkMs, ...cause]: readonly string[]) => {
  const [sipStatus, q850Cause, reason] = cause;
  return {
    outcome: outcome as CallEventPayloads['call.ended']['outcome'],
    endedBy: endedBy as CallEventPayloads['call.ended']['endedBy'],
    endedLeg: text(endedLeg) as LegRole | null,
    talkMs: number(talkMs),
    cause:
      cause.length === 0
        ? null
        : { sipStatus: number(sipStatus), q850Cause: number(q850Cause), reason: text(reason) ?? '' },
  };
};

const callFact = (code: string, fields: readonly string[]): CallFact => {
  const name = callCodes[code as keyof typeof callCodes];
  switch (name) {
    case 'call.created': {
      const [callerId, callerAddress = '', calleeAddress = ''] = fields;
      const payload = {
        callerId: text(callerId),
        callerAddress: read(callerAddress),
        calleeAddress: read(calleeAddress),
      };
      return { name, payload };
    }
    case 'call.ended':
      return { name, payload: endedPayload(fields) };
    default:
      return { name, payload: {} };
  }
};

const legFact = (leg: LegRole, code: string, [first = '', second, third]: readonly string[]): CallFact => {
  const name = legCodes[code as keyof typeof legCodes];
  switch (name) {
    case 'leg.calling':
      return { name, payload: { leg, address: read(first), trunk: text(second) } };
    case 'leg.ringing':
      return { name, payload: { leg, sipStatus: Number(first) } };
    case 'leg.answered':
      return { name, payload: { leg, sipStatus: number(first) } };
    case 'leg.ended':
      return {
        name,
        payload: { leg, sipStatus: number(first), q850Cause: number(second), reason: text(third) },
      };
  }
};

interface EventRow {
  readonly sequence: number;
  readonly at: number;
  readonly changes: string;
}

/** The events of a row. */
export const decodeEvents = ({ sequence, at, changes }: EventRow): readonly CallEvent[] =>
  changes.split('\n').map((line, index) => {
    const [head = '', ...fields] = line.split('\t');
    const [code = '', later = '0'] = head.split('+');
    const fact =
      code.length === 1
        ? callFact(code, fields)
        : legFact(code.startsWith(legDigits.caller) ? 'caller' : 'callee', code.slice(1), fields);
    return eventOf(fact, sequence + index, at + Number(later));
  });
