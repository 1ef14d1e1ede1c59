import type { CallEvent, CallEventName, CallEventPayloads, CallFact } from '../../calls/call-events.ts';
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

const codeOfName = new Map<CallEventName, string>(
  [...Object.entries(callCodes), ...Object.entries(legCodes)].map(([code, name]) => [name, code]),
);

const fieldsOf = (fact: CallFact): readonly Field[] => {
  switch (fact.name) {
    case 'call.created':
      return [fact.payload.callerId, fact.payload.callerAddress, fact.payload.calleeAddress];
    case 'call.ended': {
      const { outcome, endedBy, endedLeg, talkMs, cause } = fact.payload;
      return [outcome, endedBy, endedLeg, talkMs, ...(cause ? [cause.sipStatus, cause.q850Cause, cause.reason] : [])];
    }
    case 'leg.calling':
      return [fact.payload.address];
    case 'leg.ringing':
    case 'leg.answered':
      return [fact.payload.sipStatus];
    case 'leg.ended':
      return [fact.payload.sipStatus, fact.payload.q850Cause, fact.payload.reason];
    default:
      return [];
  }
};

const escapes: Readonly<Record<string, string>> = { '\\': '\\\\', '\t': '\\t', '\n': '\\n' };
const unescapes: Readonly<Record<string, string>> = { '\\\\': '\\', '\\t': '\t', '\\n': '\n' };

const write = (field: Field): string => String(field ?? '').replace(/[\\\t\n]/g, (mark) => escapes[mark] ?? mark);
const read = (field: string): string => field.replace(/\\[\\tn]/g, (escape) => unescapes[escape] ?? escape);

const text = (field = ''): string | null => (field === '' ? null : read(field));
const number = (field = ''): number | null => (field === '' ? null : Number(field));

/** @param at - of the first event in the row */
const encodeEvent = (event: CallEvent, at: number): string => {
  const leg = 'leg' in event.payload ? legDigits[event.payload.leg] : '';
  const later = event.at === at ? '' : `+${event.at - at}`;
  const fields = fieldsOf(event).map((field) => `\t${write(field)}`);
  return `${leg}${codeOfName.get(event.name) ?? ''}${later}${fields.join('').replace(/\t+$/, '')}`;
};

/** The events of one write, as `call_events.changes` keeps them. */
export const encodeEvents = (events: readonly CallEvent[]): string =>
  events.map((event) => encodeEvent(event, events[0]?.at ?? event.at)).join('\n');

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

const legFact = (leg: LegRole, code: string, [first = '', q850Cause, reason]: readonly string[]): CallFact => {
  const name = legCodes[code as keyof typeof legCodes];
  switch (name) {
    case 'leg.calling':
      return { name, payload: { leg, address: read(first) } };
    case 'leg.ringing':
    case 'leg.answered':
      return { name, payload: { leg, sipStatus: Number(first) } };
    case 'leg.ended':
      return {
        name,
        payload: { leg, sipStatus: number(first), q850Cause: number(q850Cause), reason: text(reason) },
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
    return { ...fact, sequence: sequence + index, at: at + Number(later) };
  });
