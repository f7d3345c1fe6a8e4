'use strict';

/**
 * The rooms of src/ and what each may import: the dependency rule that lint enforces.
 * A room that is not a row here (the composition roots: the programs at the top, parts, commands) may import everything.
 */
exports.ROOMS = {
  domain: [],
  telemetry: [],
  config: [],
  'sip-server': [],
  market: ['domain'],
  rating: ['domain'],
  compliance: ['market', 'domain'],
  fraud: ['market', 'domain'],
  auction: ['rating', 'market', 'domain'],
  routing: ['rating', 'market', 'domain'],
  dialplan: ['domain'],
  outbound: ['domain'],
  rtb: ['rating', 'market', 'outbound', 'domain'],
  lookups: ['market', 'domain'],
  decision: ['compliance', 'fraud', 'auction', 'routing', 'rating', 'market', 'domain'],
  media: ['domain'],
  provision: [],
  storage: ['market', 'domain'],
  billing: ['rating', 'outbound', 'storage', 'domain'],
  events: ['storage', 'domain'],
  recordings: ['media', 'storage', 'domain'],
  signaling: ['decision', 'dialplan', 'market', 'media', 'domain'],
  analytics: ['compliance', 'signaling', 'storage', 'domain'],
  presence: ['signaling', 'storage', 'market', 'domain'],
  replay: ['decision', 'fraud', 'rating', 'storage', 'market', 'domain'],
  // Its own build, for browsers: it knows the exchange by its API alone.
  web: [],
  api: [
    'billing',
    'rating',
    'decision',
    'dialplan',
    'market',
    'rtb',
    'analytics',
    'events',
    'storage',
    'domain',
  ],
};
