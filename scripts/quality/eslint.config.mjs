import importSort from 'eslint-plugin-simple-import-sort';
import tseslint from 'typescript-eslint';

const root = new URL('../..', import.meta.url).pathname;

const noAmbientEnvironment = {
  selector: 'MemberExpression[object.name="process"][property.name="env"]',
  message: 'Only src/config/config.ts reads the environment.',
};

const twoClocks = [
  {
    selector: 'CallExpression[callee.object.name="Date"][callee.property.name="now"]',
    message: 'Take a WallClock to date, a MonotonicClock to measure (src/shared/clock.ts).',
  },
  {
    selector: 'CallExpression[callee.name=/^set(Timeout|Interval)$/]',
    message: 'Timers belong to a MonotonicClock (src/shared/clock.ts).',
  },
  {
    selector: 'NewExpression[callee.name="Date"][arguments.length=0]',
    message: 'Take a WallClock: new Date(clock.now()).',
  },
];

export default tseslint.config(
  { ignores: ['**/node_modules/', '**/dist/', '**/coverage/', '**/*.mjs', '**/*.cjs', 'views/assets/**'] },
  ...tseslint.configs.strictTypeChecked,
  ...tseslint.configs.stylisticTypeChecked,
  {
    languageOptions: { parserOptions: { project: `${root}tsconfig.json`, tsconfigRootDir: root } },
    plugins: { 'import-sort': importSort },
    rules: {
      // Node's own, packages, ours: in one block, the farthest first.
      'import-sort/imports': ['error', { groups: [['^node:', '^@?\\w', '^\\.\\./', '^\\./']] }],
      complexity: ['error', 10],
      'max-lines': ['error', { max: 300, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': ['error', { max: 50, skipBlankLines: true, skipComments: true }],
      'no-restricted-syntax': ['error', noAmbientEnvironment, ...twoClocks],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      '@typescript-eslint/consistent-type-definitions': 'off',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
    },
  },
  { files: ['src/config/config.ts'], rules: { 'no-restricted-syntax': ['error', ...twoClocks] } },
  {
    // The clocks themselves, and a thread that does nothing but wait for its turn.
    files: ['src/shared/clock.ts', 'src/storage/dialects/sqlite/checkpoint-worker.ts'],
    rules: { 'no-restricted-syntax': ['error', noAmbientEnvironment] },
  },
  {
    files: ['test/**/*.ts', 'scripts/**/*.ts'],
    rules: {
      'max-lines': ['error', { max: 500, skipBlankLines: true, skipComments: true }],
      'max-lines-per-function': 'off',
      'no-restricted-syntax': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
    },
  },
);
