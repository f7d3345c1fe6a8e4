import type { ComponentType } from 'preact';
import type { Params } from './core/router';

/** What a page is given. */
export interface PageProps {
  readonly params: Params;
}

/** A page, of whose code nothing is loaded before somebody goes there. */
export interface Route {
  readonly pattern: string;
  load(): Promise<ComponentType<PageProps>>;
}

/** Pages of who is signed in. The first pattern that matches is taken. */
export const ROUTES: readonly Route[] = [
  { pattern: '/', load: async () => (await import('./pages/live-board')).LiveBoard },
  { pattern: '/account', load: async () => (await import('./pages/account')).Account },
  { pattern: '/calls', load: async () => (await import('./pages/calls')).Calls },
  { pattern: '/calls/:id', load: async () => (await import('./pages/call-detail')).CallDetail },
  { pattern: '/callbacks', load: async () => (await import('./pages/callbacks')).Callbacks },
  { pattern: '/revenue', load: async () => (await import('./pages/revenue')).Revenue },
  { pattern: '/campaigns', load: async () => (await import('./pages/campaigns')).Campaigns },
  { pattern: '/campaigns/new', load: async () => (await import('./pages/campaign-editor')).CampaignEditor },
  { pattern: '/campaigns/:id', load: async () => (await import('./pages/campaign-editor')).CampaignEditor },
  { pattern: '/dialplans', load: async () => (await import('./pages/dialplans/dialplans')).Dialplans },
  {
    pattern: '/dialplans/new',
    load: async () => (await import('./pages/dialplans/dialplan-editor')).DialplanEditor,
  },
  {
    pattern: '/dialplans/:id',
    load: async () => (await import('./pages/dialplans/dialplan-editor')).DialplanEditor,
  },
  { pattern: '/numbers', load: async () => (await import('./pages/numbers/numbers')).Numbers },
  {
    pattern: '/numbers/new',
    load: async () => (await import('./pages/numbers/number-editor')).NumberEditor,
  },
  {
    pattern: '/numbers/:id',
    load: async () => (await import('./pages/numbers/number-editor')).NumberEditor,
  },
  { pattern: '/buyers', load: async () => (await import('./pages/market/buyers')).Buyers },
  { pattern: '/buyers/new', load: async () => (await import('./pages/market/buyer-editor')).BuyerEditor },
  { pattern: '/buyers/:id', load: async () => (await import('./pages/market/buyer-editor')).BuyerEditor },
  { pattern: '/targets/new', load: async () => (await import('./pages/market/target-editor')).TargetEditor },
  { pattern: '/targets/:id', load: async () => (await import('./pages/market/target-editor')).TargetEditor },
  { pattern: '/bids/new', load: async () => (await import('./pages/market/bid-editor')).BidEditor },
  { pattern: '/bids/:id', load: async () => (await import('./pages/market/bid-editor')).BidEditor },
  { pattern: '/wallets', load: async () => (await import('./pages/money/wallets')).Wallets },
  { pattern: '/wallets/:id', load: async () => (await import('./pages/money/wallet-detail')).WalletDetail },
  { pattern: '/invoices', load: async () => (await import('./pages/money/invoices')).Invoices },
  {
    pattern: '/invoices/:id',
    load: async () => (await import('./pages/money/invoice-detail')).InvoiceDetail,
  },
  { pattern: '/fraud', load: async () => (await import('./pages/protection/fraud-cases')).FraudCases },
  { pattern: '/protection', load: async () => (await import('./pages/protection/protection')).Protection },
  { pattern: '/people', load: async () => (await import('./pages/people/people')).People },
  { pattern: '/audit', load: async () => (await import('./pages/people/audit')).Audit },
];
