import { AnalysisThread } from '../../src/media/analysis/analysis-thread.ts';
import { TestPhoneMedia } from '../../src/media/test-phone/test-phone-media.ts';
import { silentLog } from '../../src/shared/log.ts';

/** The thread of the analysis, run from the source. */
export const openAnalysisThread = (): AnalysisThread =>
  new AnalysisThread({
    log: silentLog,
    script: new URL('../media/test-phone/analysis-thread.mjs', import.meta.url),
  });

/** The media of test phones on 127.0.0.1, with their threads run from the source. */
export const openTestPhoneMedia = (): TestPhoneMedia => {
  const analysis = openAnalysisThread();
  const media = new TestPhoneMedia({
    host: '127.0.0.1',
    log: silentLog,
    analysis,
    script: new URL('../media/test-phone/rtp-thread.mjs', import.meta.url),
  });
  const close = media.close.bind(media);
  // Whoever closes the phones closes what measures for them.
  media.close = async () => {
    await Promise.all([close(), analysis.close()]);
  };
  return media;
};
