// The thread of src/media/test-phone/rtp-worker.ts, from its source.
import { register } from 'tsx/esm/api';

register();
await import('../../../src/media/test-phone/rtp-worker.ts');
