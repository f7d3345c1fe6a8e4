'use strict';

const { relative } = require('node:path');
const { default: Sequencer } = require('@jest/test-sequencer');
const LONG = require('./long-tests.json');

/**
 * The longest files first, so that no worker begins a long one when the others are done. Jest knows
 * how long they take only where they have run before; that is not so on a fresh machine.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const seconds = ({ path }) => LONG[relative(__dirname, path).slice('../'.length)] ?? 0;
    return [...super.sort(tests)].sort((a, b) => seconds(b) - seconds(a));
  }
};
