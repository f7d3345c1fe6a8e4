import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { Series } from '../core/revenue';

interface Props {
  readonly series: Series;
  /** Said to whoever does not see it; the figures themselves stand in a table beside it. */
  readonly label: string;
  readonly format: (value: number) => string;
  /** There are no halves of what is counted. */
  readonly whole?: boolean;
}

const HEIGHT = 240;
const DAY_S = 86_400;
/** As the reader's browser writes them. */
const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' });
const hour = new Intl.DateTimeFormat(undefined, { hour: 'numeric', minute: '2-digit' });
/** From one line of the grid to the next. */
const WHOLE_STEPS = [1, 10, 100, 1e3, 1e4, 1e5, 1e6, 1e7].flatMap((power) => [power, 2 * power, 5 * power]);
const COLOURS = ['--chart-1', '--chart-2', '--chart-3', '--chart-4'] as const;

/** Lines over time. Drawn anew when what is shown, its width, or the colours of the page change. */
export function Chart({ series, label, format, whole = false }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    let plot: uPlot | undefined;
    const draw = (): void => {
      plot?.destroy();
      plot = new uPlot(optionsOf(element, series, format, whole), dataOf(series), element);
    };
    const colours = window.matchMedia('(prefers-color-scheme: dark)');
    const resized = new ResizeObserver(() => plot?.setSize({ width: element.clientWidth, height: HEIGHT }));
    draw();
    resized.observe(element);
    colours.addEventListener('change', draw);
    return () => {
      resized.disconnect();
      colours.removeEventListener('change', draw);
      plot?.destroy();
    };
  }, [series, format, whole]);
  return (
    <figure class="chart">
      <div ref={frame} class="chart-frame" role="img" aria-label={label} />
      <figcaption class="chart-key">
        {series.lines.map(({ label: name }, at) => (
          <span key={name} class={`key-${at + 1}`}>
            {name}
          </span>
        ))}
      </figcaption>
    </figure>
  );
}

function optionsOf(
  element: HTMLElement,
  series: Series,
  format: (value: number) => string,
  whole: boolean,
): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const axis = {
    stroke: colour('--quiet'),
    font: `12px ${style.fontFamily}`,
    grid: { stroke: colour('--chart-grid'), width: 1 },
    ticks: { show: false },
  };
  const few = series.times.length < 40;
  return {
    width: element.clientWidth,
    height: HEIGHT,
    legend: { show: false },
    cursor: { points: { size: 6 }, drag: { x: false, y: false } },
    scales: { x: { time: true } },
    axes: [
      {
        ...axis,
        grid: { show: false },
        values: (_plot: uPlot, ticks: number[], _axis: number, _space: number, step: number) =>
          ticks.map((tick) => (step < DAY_S ? hour : day).format(tick * 1_000)),
      },
      {
        ...axis,
        ...(whole ? { incrs: WHOLE_STEPS } : {}),
        size: 72,
        values: (_plot: uPlot, ticks: number[]) => ticks.map(format),
      },
    ],
    series: [
      {},
      ...series.lines.map(({ label }, at) => ({
        label,
        stroke: colour(COLOURS[at % COLOURS.length] ?? '--accent'),
        width: 2,
        points: { show: few, size: 5 },
      })),
    ],
  };
}

const dataOf = ({ times, lines }: Series): uPlot.AlignedData => [
  [...times],
  ...lines.map(({ values }) => [...values]),
];
