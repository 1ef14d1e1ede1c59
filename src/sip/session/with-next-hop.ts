import type { Dialog } from '../dialog/dialog.ts';
import { keepsToFlow } from '../dialog/flow.ts';
import type { Hop } from '../transport/transport.ts';
import type { SessionContext } from './session-context.ts';

/**
 * Runs `use` with the hop for requests in the dialog: in this turn unless a name has to be resolved. Where that fails
 * the peer of the INVITE serves: it forwarded that, and may forward this.
 */
export const withNextHop = (context: SessionContext, dialog: Dialog, use: (hop: Hop) => void): void => {
  const found = (hop: Hop | undefined): void => {
    dialog.nextHop = hop ?? dialog.peer;
    use(dialog.nextHop);
  };
  if (dialog.nextHop !== undefined) use(dialog.nextHop);
  else if (keepsToFlow(dialog)) found(dialog.peer);
  else context.locate(dialog.nextHopUri, ([hop]) => found(hop));
};
