'use strict';

/** Transform only: types are checked by `npm run typecheck`. */
const transform = {
  '^.+\\.ts$': [
    '@swc/jest',
    { jsc: { target: 'es2022', parser: { syntax: 'typescript' } }, module: { type: 'commonjs' } },
  ],
};

/** PostgreSQL and Redis for tests that ask for them; see test/support/services. */
const services = {
  globalSetup: '<rootDir>/test/support/services/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/services/global-teardown.ts',
};

/** Each project is one kind of proof; `npm test` runs them all. */
const project = (displayName, folder, more = {}) => ({
  displayName,
  testEnvironment: 'node',
  roots: [`<rootDir>/test/${folder}`],
  testMatch: ['**/*.test.ts'],
  moduleFileExtensions: ['ts', 'js', 'json', 'node'],
  transform,
  runtime: '<rootDir>/test/support/jest-runtime.js',
  setupFilesAfterEnv: ['<rootDir>/test/support/jest-timeout.js'],
  ...more,
});

module.exports = {
  testSequencer: '<rootDir>/test/support/jest-sequencer.js',
  projects: [
    project('unit', 'unit'),
    project('integration', 'integration', services),
    project('e2e', 'e2e', services),
    project('chaos', 'chaos', services),
  ],
};
