import { createRequire } from 'node:module';

const root = new URL('../..', import.meta.url).pathname;

const base = {
  rootDir: root,
  testEnvironment: 'node',
  injectGlobals: false,
  extensionsToTreatAsEsm: ['.ts'],
  moduleNameMapper: {
    '^(\\.{1,2}/.*)\\.js$': '$1',
    // Their ESM builds import JSON without an attribute, which jest warns of in every file.
    '^libphonenumber-js/min$': createRequire(import.meta.url).resolve('libphonenumber-js/min'),
    '^libphonenumber-js/max$': createRequire(import.meta.url).resolve('libphonenumber-js/max'),
  },
  transform: { '^.+\\.ts$': ['ts-jest', { useESM: true, tsconfig: `${root}scripts/quality/tsconfig.jest.json` }] },
};

const suite = (displayName, testMatch, testPathIgnorePatterns = []) => ({
  ...base,
  displayName,
  testMatch: testMatch.map((pattern) => `<rootDir>/${pattern}`),
  testPathIgnorePatterns: ['/node_modules/', ...testPathIgnorePatterns],
});

export default {
  rootDir: root,
  testTimeout: 60_000,
  // By default one core is left idle, on two cores that is half of them. What a test file loads is never freed (ES
  // modules of node:vm), and a large heap is slow to collect.
  maxWorkers: '100%',
  workerIdleMemoryLimit: '512MB',
  collectCoverageFrom: ['src/**/*.ts', '!src/main.ts'],
  coverageDirectory: 'coverage',
  projects: [
    suite('unit', ['test/**/*.test.ts'], ['<rootDir>/test/e2e/', '<rootDir>/test/interop/']),
    suite('e2e', ['test/e2e/**/*.test.ts']),
    suite('interop', ['test/interop/**/*.test.ts']),
  ],
};
