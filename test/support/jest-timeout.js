'use strict';

/** Tests with real peers wait for real time; what hangs still ends. */
jest.setTimeout(180_000);
