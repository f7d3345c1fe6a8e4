export { FRAUD_THRESHOLDS, levelOf, scoreFraud } from './fraud-score';
export type { CallerFacts, FraudLevel, FraudVerdict } from './fraud-score';
