'use strict';

/**
 * The rooms of src/ and what each may import: the dependency rule that lint enforces.
 * A room that is not a row here (the composition roots: switch, worker, cli) may import everything.
 */
exports.ROOMS = {
  domain: [],
  telemetry: [],
  config: [],
  'sip-server': [],
  market: ['domain'],
  compliance: ['market', 'domain'],
  fraud: ['market', 'domain'],
  auction: ['market', 'domain'],
  routing: ['market', 'domain'],
  rtb: ['market', 'domain'],
  lookups: ['market', 'domain'],
  decision: ['compliance', 'fraud', 'auction', 'routing', 'market', 'domain'],
  media: ['domain'],
  provision: [],
  storage: ['market', 'domain'],
  billing: ['domain', 'storage'],
  signaling: ['decision', 'market', 'media', 'domain'],
  replay: ['decision', 'fraud', 'storage', 'market', 'domain'],
  api: ['billing', 'decision', 'market', 'rtb', 'storage', 'domain'],
};
