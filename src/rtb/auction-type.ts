import type { AuctionType } from '../domain';

/** OpenRTB's numbers for who pays what (2.6, `at`). */
export const AUCTION_TYPE_NUMBERS = { first_price: 1, second_price: 2 } as const satisfies Record<
  AuctionType,
  number
>;
