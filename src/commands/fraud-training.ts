import type { Dataset, FraudModelFile } from '../fraud';
import { DatasetBuilder, selectRows, signalsFrom, trainModel } from '../fraud';
import { hashId } from '../market';
import type { TrainingCall } from '../storage';

/** Fewer than these teach a model what was, not what fraud is. */
const LEAST_FRAUDS = 200;
const LEAST_HONEST = 2_000;
/** Frauds that a model must be judged by at least. */
const LEAST_JUDGED = 30;
/** Calls of this last part of the time, and of one seller in so many, are kept to judge by. */
const LATE = 0.3;
const KEPT_ASIDE = 3;

export interface OwnTraining {
  readonly id: string;
  readonly kind: FraudModelFile['kind'];
  /** Calls taken in at most. */
  readonly most: number;
}

export type OwnModel =
  | { readonly ok: true; readonly model: FraudModelFile; readonly judgedBy: string }
  | { readonly ok: false; readonly reason: string };

/**
 * Trains a model on calls of this exchange whose truth is known. What it is judged by are later calls
 * of other sellers; where too few of those are fraud, later calls of any seller.
 */
export async function trainOnCalls(
  calls: AsyncIterable<TrainingCall>,
  training: OwnTraining,
): Promise<OwnModel> {
  const { data, at, aside } = await collect(calls, training.most);
  const frauds = data.labels.reduce((sum, label) => sum + label, 0);
  const honest = data.rows - frauds;
  if (frauds < LEAST_FRAUDS || honest < LEAST_HONEST) {
    return {
      ok: false,
      reason:
        `${frauds} calls are confirmed as fraud and ${honest} known as honest; ` +
        `${LEAST_FRAUDS} and ${LEAST_HONEST} are needed`,
    };
  }
  const late = at[Math.floor(data.rows * (1 - LATE))] as number;
  const isLate = (row: number): boolean => (at[row] as number) >= late;
  const apart = split(
    data,
    (row) => isLate(row) && aside[row] === true,
    (row) => !isLate(row) && !aside[row],
  );
  const parts = apart ?? split(data, isLate, (row) => !isLate(row));
  if (!parts) {
    return {
      ok: false,
      reason: 'too few of the later calls are fraud, or of the earlier: a model could not be judged',
    };
  }
  const days = Math.ceil(((at[data.rows - 1] as number) - (at[0] as number)) / 86_400_000);
  const trainedOn = `${parts.train.rows} calls of this exchange within ${days} days`;
  return {
    ok: true,
    model: trainModel(parts.train, parts.judged, { id: training.id, kind: training.kind, trainedOn }),
    judgedBy: `${parts.judged.rows} later calls${apart ? ' of other sellers' : ''}`,
  };
}

/** Calls in the order of their time. */
async function collect(
  calls: AsyncIterable<TrainingCall>,
  most: number,
): Promise<{ data: Dataset; at: number[]; aside: boolean[] }> {
  const builder = new DatasetBuilder(most);
  const at: number[] = [];
  const aside: boolean[] = [];
  for await (const { signals, fraud, receivedAt, sellerId } of calls) {
    builder.add(signalsFrom(signals), fraud);
    at.push(receivedAt);
    aside.push(hashId(sellerId ?? '') % KEPT_ASIDE === 0);
    if (at.length === most) break;
  }
  return { data: builder.build(), at, aside };
}

/** Undefined when either part has too little to learn or to judge. */
function split(
  data: Dataset,
  judged: (row: number) => boolean,
  train: (row: number) => boolean,
): { readonly train: Dataset; readonly judged: Dataset } | undefined {
  const rows = Array.from({ length: data.rows }, (_, row) => row);
  const parts = {
    train: selectRows(data, rows.filter(train)),
    judged: selectRows(data, rows.filter(judged)),
  };
  const enough = Object.values(parts).every(({ labels }) => {
    const frauds = labels.reduce((sum, label) => sum + label, 0);
    return frauds >= LEAST_JUDGED && labels.length - frauds >= LEAST_JUDGED;
  });
  return enough ? parts : undefined;
}
