import { TestPhoneMedia } from '../../src/media/test-phone/test-phone-media.ts';
import { silentLog } from '../../src/shared/log.ts';

/** The media of test phones on 127.0.0.1, with their threads run from the source. */
export const openTestPhoneMedia = (): TestPhoneMedia =>
  new TestPhoneMedia({
    host: '127.0.0.1',
    log: silentLog,
    scripts: {
      rtp: new URL('../media/test-phone/rtp-thread.mjs', import.meta.url),
      analysis: new URL('../media/test-phone/analysis-thread.mjs', import.meta.url),
    },
  });
