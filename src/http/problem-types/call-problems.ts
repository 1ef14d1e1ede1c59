import type { ProblemTypes } from './problem-type.ts';

/** Of calls, and of the phones and routes that they need. */
export const callProblems: ProblemTypes = {
  invalid_number: {
    title: 'Not a number that can be dialled',
    meaning: 'The number is missing, is no telephone number, or can be read in two ways.',
    remedy: 'Send the number in E.164 form, such as +12025550100. In a form its plus is written %2B.',
  },
  call_not_found: {
    title: 'No such call',
    meaning: 'There is no call with this token_call, or it belongs to another user: the two look the same.',
    remedy: 'Take token_call from the Location of the answer that placed the call, and the token of the same user.',
  },
  no_phone: {
    title: 'No phone to ring',
    meaning: 'The user has no phone, or none of them can be reached now. No call was made.',
    remedy: 'Check that the phone is registered, or have an operator add one with "npx offhook phone add".',
  },
  destination_barred: {
    title: 'Destination barred',
    meaning:
      'The policy of this service does not allow calls to the number: an emergency number, a country or a prefix.',
    remedy: 'Dial emergency numbers on the phone itself. For others an operator changes "policy" in the settings file.',
  },
  caller_id_not_allowed: {
    title: 'Caller id not allowed',
    meaning: 'The number in caller_id is none of those that the user may show.',
    remedy: 'Leave caller_id out, or send one of the numbers that belong to the user.',
  },
  too_many_calls: {
    title: 'Too many calls',
    meaning:
      'The user, or the service as a whole, has as many ongoing calls as are allowed, or the user has used up the last 24 hours.',
    remedy: 'End a call, or wait for one to end, and ask again; where there is an again_at, not before it.',
  },
  idempotency_conflict: {
    title: 'Idempotency key used for another request',
    meaning: 'The same user and client sent this Idempotency-Key with another body within the last day.',
    remedy: 'Repeat a request unchanged, and take a new key for a new request.',
  },
  engine_unavailable: {
    title: 'No way to the destination',
    meaning:
      'No route leads to the number, the telephony of the service does not run, or more calls are being placed than it can serve. No call was made.',
    remedy:
      'Try again after the time in Retry-After, where there is one. Else an operator checks the trunks and routes of the settings file.',
  },
  trunk_full: {
    title: 'All lines are taken',
    meaning:
      'Every trunk to the destination has as many calls as it takes, or takes no more in this second. No call was made.',
    remedy:
      'Ask again after the time in Retry-After. An operator sets "max_calls" and "max_calls_per_second" of the trunks to what was agreed with the carrier.',
  },
  call_not_carried: {
    title: 'Call carried elsewhere',
    meaning: 'Another process of the service carries the call, or took it over just now.',
    remedy: 'Ask again after the time in Retry-After.',
  },
  end_not_stored: {
    title: 'End not stored yet',
    meaning:
      'The call is being hung up, but its end could not be stored yet. That is tried again without further asking.',
    remedy: 'Ask for the call after the time in Retry-After to see its record.',
  },
  node_unreachable: {
    title: 'Process not reached',
    meaning: 'The process that carries the call does not answer. It will find that the call is to end.',
    remedy: 'Ask for the call after the time in Retry-After.',
  },
  sip_account_taken: {
    title: 'Name of a phone taken',
    meaning: 'Another phone registers under this name already.',
    remedy: 'Choose another name for the phone.',
  },
};
