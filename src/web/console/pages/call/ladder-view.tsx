import type { Call } from '../../api/types';
import { durationText } from '../../core/format';
import type { Ladder, RecordedMessage } from '../../core/ladder';
import { ladderOf, recordedLadder } from '../../core/ladder';
import { isOperator } from '../../core/rights';
import { useConsole } from '../../console';
import { Panel } from '../../ui/page';
import { Loading } from '../../ui/states';
import type { Names } from '../../ui/use-names';
import { useQuery } from '../../ui/use-query';

const COLUMN = 190;
const ROW = 34;
const HEAD = 44;
const LEFT = 84;
const MARGIN = 70;
/** Half of the longest name above a line. */
const NAME = 96;

interface Recorded {
  readonly complete: boolean;
  readonly items: readonly RecordedMessage[];
}

/** The messages as they were recorded; for who may not see those, and while the call is up, by its record. */
export function LadderView({ call, targets }: { readonly call: Call; readonly targets: Names }) {
  const { user } = useConsole();
  const wanted = isOperator(user) && call.endedAt !== null;
  const asked = useQuery<Recorded>(wanted ? `/calls/${encodeURIComponent(call.id)}/ladder` : undefined);
  if (asked.loading) return <Loading />;
  const recorded = asked.data?.complete === true ? recordedLadder(asked.data.items) : undefined;
  return (
    <Drawn
      call={call}
      targets={targets}
      ladder={recorded ?? ladderOf(call)}
      recorded={recorded !== undefined}
    />
  );
}

/** The ladder, drawn; and the same in words, for whoever does not see it. */
function Drawn({
  call,
  targets,
  ladder,
  recorded,
}: {
  readonly call: Call;
  readonly targets: Names;
  readonly ladder: Ladder;
  readonly recorded: boolean;
}) {
  const columns = ['Carrier', 'Exchange', ...ladder.targets.map((id) => targets.get(id) ?? id)];
  const x = (column: number): number => LEFT + MARGIN + column * COLUMN;
  const width = x(columns.length - 1) + NAME;
  const height = HEAD + ladder.rungs.length * ROW + 12;
  return (
    <Panel title="SIP ladder">
      <div class="ladder-frame" tabIndex={0} role="group" aria-label="SIP ladder">
        <svg
          class="ladder"
          viewBox={`0 0 ${width} ${height}`}
          width={width}
          height={height}
          aria-hidden="true"
        >
          {columns.map((name, column) => (
            <g key={`${column} ${name}`}>
              <text class="ladder-party" x={x(column)} y={20} text-anchor="middle">
                {name.length > 22 ? `${name.slice(0, 21)}…` : name}
              </text>
              <line class="ladder-life" x1={x(column)} x2={x(column)} y1={32} y2={height} />
            </g>
          ))}
          {ladder.rungs.map(({ at, label, from, to, tone }, row) => {
            const y = HEAD + row * ROW + 20;
            const sign = to > from ? 1 : -1;
            const end = x(to) - sign;
            return (
              <g key={`${row} ${label}`} class={`rung ${tone}`}>
                <text class="ladder-time" x={LEFT} y={y + 4} text-anchor="end">
                  +{durationText(at - call.receivedAt)}
                </text>
                <text class="ladder-label" x={(x(from) + x(to)) / 2} y={y - 6} text-anchor="middle">
                  {label}
                </text>
                <line x1={x(from)} x2={end} y1={y} y2={y} />
                <path d={`M${end} ${y}l${-7 * sign} -4v8z`} />
              </g>
            );
          })}
        </svg>
        <ol class="only-heard">
          {ladder.rungs.map(({ at, label, from, to }, row) => (
            <li key={`${row} ${label}`}>
              {label} from {columns[from]} to {columns[to]}, after {durationText(at - call.receivedAt)}
            </li>
          ))}
        </ol>
      </div>
      <p class="field-hint">
        {recorded
          ? 'As the exchange saw them; ACK and 100 Trying are not kept.'
          : 'By the record of the call: the messages that begin, decide and end each leg.'}
      </p>
    </Panel>
  );
}
