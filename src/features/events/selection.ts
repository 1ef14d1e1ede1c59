import type { Viewer } from '../../calls/call-command.ts';
import type { CallIdentity } from '../../calls/call-record.ts';
import { mayView } from '../../calls/call-service.ts';
import { tooSmall } from '../../http/routes/call/viewer.ts';

/** Which calls a stream is about. */
export type Selection =
  { readonly kind: 'own' } | { readonly kind: 'all' } | { readonly kind: 'call'; readonly tokenCall: string };

/** A selection, and what its viewer may see of it now. */
export interface Audience {
  readonly selection: Selection;
  readonly viewer: Viewer;
  /** Equal keys see the same calls, so that what they are sent is made once. */
  readonly key: unknown;
  sees(call: CallIdentity): boolean;
}

const ownViewer = (viewer: Viewer): Viewer => (viewer.scope === 'application' ? viewer : { ...viewer, scope: 'own' });

/** The users of whom an application sees calls may change with each look: it shares its audience with nobody. */
const keyOf = (viewer: Viewer): unknown => {
  switch (viewer.scope) {
    case 'own':
      return `own ${viewer.userId}`;
    case 'everybody':
      return 'everybody';
    case 'application':
      return viewer;
  }
};

/**
 * What a viewer gets of a selection.
 * @throws InsufficientScopeError when all calls are asked for and the viewer may see only some
 */
export const audienceOf = (selection: Selection, viewer: Viewer): Audience => {
  switch (selection.kind) {
    case 'own': {
      const own = ownViewer(viewer);
      return { selection, viewer: own, key: keyOf(own), sees: (call) => mayView(call, own) };
    }
    case 'all':
      if (viewer.scope !== 'everybody') throw tooSmall('operator');
      return { selection, viewer, key: keyOf(viewer), sees: () => true };
    case 'call': {
      const { tokenCall } = selection;
      const key = keyOf(viewer);
      return {
        selection,
        viewer,
        key: typeof key === 'string' ? `${key} ${tokenCall}` : key,
        sees: (call) => call.tokenCall === tokenCall && mayView(call, viewer),
      };
    }
  }
};
