export { DatasetBuilder, selectRows } from './dataset';
export type { Dataset } from './dataset';
export { compile, marginsOf, trainModel } from './train-model';
export type { ModelTraining } from './train-model';
export { prAuc, recallAt, recallFrom, rocAuc, thresholdAt } from './metrics';
