import type { PeerMessage } from '../../../sip/user-agent.ts';
import type { Leg } from './leg.ts';

/** To the leg that asked, these say that its own dialog is gone (RFC 5057 section 5.1): it would hang up. */
const ENDS_THE_DIALOG = new Set([408, 481]);

/** Carries keys or words of one leg to another, and its answer back. */
export const relayMessage = async (message: PeerMessage, to: Leg): Promise<void> => {
  const status = await to.send(message);
  message.respond(ENDS_THE_DIALOG.has(status) ? 500 : status);
};
