// The thread of src/media/analysis/analysis-worker.ts, from its source.
import { register } from 'tsx/esm/api';

register();
await import('../../../src/media/analysis/analysis-worker.ts');
