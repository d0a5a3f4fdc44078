// A plot over store time, and the same as a table. Its lines are told apart by dashes and labels before colour.
import type { VNode } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import uPlot from "uplot";

import { momentOf, tickOf } from "../model/time";

export interface Line {
  label: string;
  /** One for each time; null where there is none. */
  values: (number | null)[];
}

/** A place in store time that is marked in the plot; what it is is said elsewhere too. */
export interface PlotMark {
  /** In milliseconds. */
  time: number;
  label?: string;
  kind: "poll" | "policy" | "here";
}

interface PlotProps {
  title: string;
  /** Store time of each value, in milliseconds, ascending. */
  times: number[];
  /** Until when the last of them hold: the lines are drawn until there. */
  end: number;
  lines: Line[];
  /** Steps, as of something counted now and then, and not slopes. */
  bars?: boolean;
  marks?: PlotMark[];
}

const NO_MARKS: PlotMark[] = [];

const DASHES: number[][] = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5], [14, 4], [1, 4]];

/** Rows of the table, so that a page with many plots stays small: the newest. */
const ROWS = 50;

/** Who draws it often hands over the same arrays while nothing has changed: then nothing is drawn. */
export function Plot({ title, times, end, lines, bars = false, marks = NO_MARKS }: PlotProps): VNode {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const [isOpen, setIsOpen] = useState(false);
  const names = lines.map(({ label }) => label).join("\n");
  // What is drawn has an end, which is no value of its own.
  const data = useMemo<uPlot.AlignedData>(
    () => [[...times, end].map((time) => time / 1000), ...lines.map(({ values }) => [...values, values.at(-1) ?? null])],
    [times, end, lines],
  );
  const newest = useRef(data);
  newest.current = data;
  const marked = useRef(marks);
  marked.current = marks;

  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const make = () => {
      plot.current?.destroy();
      plot.current = new uPlot(options(element, lines, bars, () => marked.current), newest.current, element);
    };
    make();
    const watcher = new ResizeObserver(() => {
      plot.current?.setSize({ width: element.clientWidth, height: PLOT_HEIGHT });
    });
    watcher.observe(element);
    // Colours are read from the style: another theme is another plot.
    const theme = matchMedia("(prefers-color-scheme: dark)");
    theme.addEventListener("change", make);
    const themed = new MutationObserver(make);
    themed.observe(document.documentElement, { attributeFilter: ["data-theme"] });
    return () => {
      watcher.disconnect();
      themed.disconnect();
      theme.removeEventListener("change", make);
      plot.current?.destroy();
      plot.current = null;
    };
  }, [names, bars]);

  useEffect(() => plot.current?.setData(data), [data, marks]);

  return (
    <figure class="plot">
      <figcaption>{title}</figcaption>
      <div class="plot-canvas" ref={box} role="img" aria-label={`${title}: ${said(lines)}`} />
      <ul class="legend">
        {lines.map(({ label, values }, place) => (
          <li key={place}>
            <svg class={`key line-${place % DASHES.length}`} viewBox="0 0 28 8" aria-hidden="true">
              <line x1="0" y1="4" x2="28" y2="4" stroke-dasharray={DASHES[place % DASHES.length]?.join(" ")} />
            </svg>
            {label} <strong>{values.at(-1) ?? "–"}</strong>
          </li>
        ))}
      </ul>
      <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
        <summary>As a table</summary>
        {isOpen && <PlotTable title={title} times={times} lines={lines} />}
      </details>
    </figure>
  );
}

function PlotTable({ title, times, lines }: Pick<PlotProps, "title" | "times" | "lines">) {
  const begin = Math.max(0, times.length - ROWS);
  const length = (times.at(-1) ?? 0) - (times[0] ?? 0);
  return (
    <div class="table-box" tabIndex={0} role="region" aria-label={`${title}, as a table`}>
      <table>
        <thead>
          <tr>
            <th scope="col">Store time</th>
            {lines.map(({ label }, place) => (
              <th key={place} scope="col" class="end">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {times.slice(begin).map((time, place) => (
            <tr key={time}>
              <th scope="row">{momentOf(time, length)}</th>
              {lines.map(({ values }, line) => (
                <td key={line} class="end">
                  {values[begin + place] ?? "–"}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

const PLOT_HEIGHT = 180;

/** What the lines say last, in words. */
function said(lines: Line[]): string {
  return lines.map(({ label, values }) => `${label} ${values.at(-1) ?? "none"}`).join(", ") || "nothing yet";
}

function options(element: HTMLElement, lines: Line[], bars: boolean, marks: () => PlotMark[]): uPlot.Options {
  const style = getComputedStyle(element);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  // Custom properties keep light-dark() as written: an element of each colour says what it comes to.
  const probe = document.createElement("span");
  element.append(probe);
  const seen = (name: string) => {
    probe.style.color = `var(${name})`;
    return getComputedStyle(probe).color || colour(name);
  };
  const colours = { poll: seen("--edge-strong"), policy: seen("--accent"), here: seen("--warn") };
  const axis = { stroke: seen("--ink-soft"), grid: { stroke: seen("--edge"), width: 1 }, ticks: { stroke: seen("--edge") }, font: "12px system-ui, sans-serif" };
  const made: uPlot.Options = {
    width: element.clientWidth || 300,
    height: PLOT_HEIGHT,
    legend: { show: false },
    cursor: { show: false },
    hooks: { draw: [(drawn) => drawMarks(drawn, marks(), colours)] },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), "Etc/UTC"),
    scales: { x: { time: true }, y: { range: (_, _least, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [
      { ...axis, values: (drawn, ticks) => ticks.map((tick) => tickOf(tick * 1000, lengthOf(drawn))), space: 96, size: 32 },
      { ...axis, size: 48, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000] },
    ],
    series: [
      {},
      ...lines.map(({ label }, place): uPlot.Series => {
        const stepped = uPlot.paths.stepped?.({ align: 1 });
        const drawn: uPlot.Series = {
          label,
          stroke: seen(`--line-${place % DASHES.length}`),
          width: 2,
          dash: DASHES[place % DASHES.length] ?? [],
          points: { show: bars },
        };
        return stepped ? { ...drawn, paths: stepped } : drawn;
      }),
    ],
  };
  probe.remove();
  return made;
}

/** Store time that is drawn, in milliseconds. */
function lengthOf({ scales }: uPlot): number {
  return 1000 * ((scales["x"]?.max ?? 0) - (scales["x"]?.min ?? 0));
}

/** Labels are left out where they would stand on each other, in pixels of the screen. */
const LABEL_ROOM = 64;

function drawMarks(plot: uPlot, marks: PlotMark[], colours: Record<PlotMark["kind"], string>): void {
  const { ctx, bbox } = plot;
  const ratio = devicePixelRatio;
  let free = -Infinity;
  ctx.save();
  ctx.font = `${11 * ratio}px system-ui, sans-serif`;
  ctx.textBaseline = "bottom";
  ctx.textAlign = "left";
  for (const { time, label, kind } of marks) {
    const x = Math.round(plot.valToPos(time / 1000, "x", true));
    if (x < bbox.left || bbox.left + bbox.width < x) continue;
    ctx.strokeStyle = colours[kind];
    ctx.lineWidth = (kind === "here" ? 2 : 1) * ratio;
    ctx.setLineDash(kind === "poll" ? [2 * ratio, 4 * ratio] : []);
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    if (!label || x < free) continue;
    free = x + LABEL_ROOM * ratio;
    const { width } = ctx.measureText(label);
    // Above the plot, so that it hides no line; near the right edge it stands before its own.
    const begin = bbox.left + bbox.width < x + width ? x - width : x;
    ctx.fillStyle = colours[kind];
    ctx.fillText(label, begin, bbox.top - 3 * ratio);
  }
  ctx.restore();
}
