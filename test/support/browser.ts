import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';

export interface TestBrowser {
  /** Opens a page without cookies, with what the options say of its window. It closes with the browser. */
  openPage(options?: BrowserContextOptions): Promise<Page>;
  close(): Promise<void>;
}

const STEP_LIMIT_MILLISECONDS = 10_000;

const switches = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** Starts Debian's Chromium, headless and with a fresh profile. */
export const startBrowser = async (): Promise<TestBrowser> => {
  const browser: Browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: switches });
  return {
    openPage: async (options = {}) => {
      const context = await browser.newContext(options);
      context.setDefaultTimeout(STEP_LIMIT_MILLISECONDS);
      return context.newPage();
    },
    close: () => browser.close(),
  };
};
