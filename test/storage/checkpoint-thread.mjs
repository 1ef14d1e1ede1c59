// The thread of src/storage/dialects/sqlite/checkpoint-worker.ts, from its source.
import { register } from 'tsx/esm/api';

register();
await import('../../src/storage/dialects/sqlite/checkpoint-worker.ts');
