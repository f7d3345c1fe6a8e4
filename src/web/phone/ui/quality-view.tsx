import type { LegQuality } from '../core/quality';
import type { PhoneState } from '../state';
import { TEXT } from '../texts';

const BARS = [1, 2, 3, 4] as const;

/** How the call sounds: bars, and the figures for who wants them. */
export function QualityView({ state: { quality, legs } }: { readonly state: PhoneState }) {
  const bars = quality?.bars;
  const word = bars === undefined ? TEXT.quality.unknown : TEXT.quality.words[bars];
  return (
    <details class="quality" data-testid="quality" data-bars={bars}>
      <summary>
        <svg class="bars" viewBox="0 0 20 16" aria-hidden="true" data-bars={bars ?? 0}>
          {BARS.map((bar) => (
            <rect
              key={bar}
              class={bars !== undefined && bar <= bars ? 'on' : undefined}
              x={(bar - 1) * 5.2}
              y={16 - bar * 4}
              width="3.6"
              height={bar * 4}
              rx="1"
            />
          ))}
        </svg>
        {TEXT.quality.name}: <strong>{word}</strong>
      </summary>
      <table>
        <thead>
          <tr>
            <td />
            <th scope="col">{TEXT.quality.loss}</th>
            <th scope="col">{TEXT.quality.jitter}</th>
            <th scope="col">{TEXT.quality.rtt}</th>
          </tr>
        </thead>
        <tbody>
          <Figures name={TEXT.quality.you} figures={quality} />
          <Figures name={TEXT.quality.sent} figures={legs['buyer']} />
          <Figures name={TEXT.quality.caller} figures={legs['caller']} />
        </tbody>
      </table>
    </details>
  );
}

interface FiguresProps {
  readonly name: string;
  readonly figures: Partial<LegQuality> | undefined;
}

function Figures({ name, figures }: FiguresProps) {
  return (
    <tr>
      <th scope="row">{name}</th>
      <td>{figure(figures?.lossPercent, 1, ' %')}</td>
      <td>{figure(figures?.jitterMs, 0, ' ms')}</td>
      <td>{figure(figures?.rttMs, 0, ' ms')}</td>
    </tr>
  );
}

const figure = (value: number | undefined, digits: number, unit: string) =>
  value === undefined ? TEXT.quality.unknown : `${value.toFixed(digits)}${unit}`;
