import { formatCell, isFiniteNumber } from "./format.ts";
import { type Markup, markup } from "./markup.ts";
import type { Plot } from "./report.ts";

type Intervals = Extract<Plot, { kind: "intervals" }>;

const ABOUT_TICKS = 4;
const MARGIN = 0.03;

/**
 * Intervals as a last column of a table, drawn with boxes that stretch with the page. Only for the eye: the
 * numbers are in the other columns, and narrow pages show the plot instead.
 */
export function intervalColumn({ points, x }: Intervals): { header: Markup; cells: Markup[] } {
  const { low, high, ticks } = niceScale(
    points.flatMap(({ value, lower, upper, truth }) => [value, lower, upper, truth]),
  );
  const at = (value: number) => (100 * (value - low)) / (high - low);
  const left = (value: number) => `left:${at(value).toFixed(2)}%`;
  const grid = ticks.map((tick) => markup`<i class="grid" style="${left(tick)}"></i>`);
  return {
    header: markup`<th class="beside" aria-hidden="true" title="${x}"><div class="track">${ticks.map(
      (tick) => markup`<span style="${left(tick)}">${formatCell(tick)}</span>`,
    )}</div></th>`,
    cells: points.map(({ value, lower, upper, truth }) => {
      const bounded = isFiniteNumber(lower) && isFiniteNumber(upper);
      return markup`<td class="beside" aria-hidden="true"><div class="track">${grid}${
        bounded ? markup`<i class="range" style="${left(lower)};width:${(at(upper) - at(lower)).toFixed(2)}%"></i>` : ""
      }${isFiniteNumber(value) ? markup`<i class="estimate" style="${left(value)}"></i>` : ""}${
        isFiniteNumber(truth) ? markup`<i class="truth" style="${left(truth)}"></i>` : ""
      }</div></td>`;
    }),
  };
}

/** The range of the values and a little more, with about four ticks on multiples of 1, 2 or 5 times a power of ten. */
function niceScale(values: readonly (number | null | undefined)[]): { low: number; high: number; ticks: number[] } {
  const finite = values.filter(isFiniteNumber);
  if (finite.length === 0) return { low: 0, high: 1, ticks: [] };
  const least = finite.reduce((a, b) => Math.min(a, b));
  const most = finite.reduce((a, b) => Math.max(a, b));
  const margin = most > least ? MARGIN * (most - least) : 1;
  const [low, high] = [least - margin, most + margin];
  const rough = (high - low) / ABOUT_TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((multiple) => multiple * power >= rough) ?? 10);
  const first = Math.ceil(low / step);
  const count = Math.floor(high / step) - first + 1;
  return { low, high, ticks: Array.from({ length: count }, (_, n) => Number(((first + n) * step).toPrecision(12))) };
}
