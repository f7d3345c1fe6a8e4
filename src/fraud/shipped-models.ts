import gbdt from './data/model-gbdt.json';
import logistic from './data/model-logistic.json';
import type { FraudModelFile } from './model/fraud-model';

/**
 * Models that come with the product, the better first: trained by `npm run train:fraud` on made-up
 * exchanges. None of them decides anything before somebody promotes it.
 */
export const SHIPPED_MODELS: readonly FraudModelFile[] = [
  gbdt as unknown as FraudModelFile,
  logistic as unknown as FraudModelFile,
];
