import type { ExtraHeaders } from '../../../sip/user-agent.ts';

/**
 * Asks a phone to answer by itself, in each of the ways that phones know: Call-Info as Snom and Grandstream read it,
 * Alert-Info as Polycom and Yealink do, Answer-Mode as RFC 5373 section 4.1 has it. A phone that knows none of them rings.
 */
export const autoAnswerHeaders: ExtraHeaders = [
  ['call-info', '<sip:offhook.invalid>;answer-after=0'],
  ['alert-info', '<http://offhook.invalid>;info=alert-autoanswer;delay=0'],
  ['answer-mode', 'Auto'],
];
