// A real table of which only the rows in sight are in the page. Its rows all have one height.
import type { ComponentChildren } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface Column<Row> {
  key: string;
  title: string;
  cell: (row: Row) => ComponentChildren;
  /** As CSS has it, such as `8rem`. */
  width?: string;
  align?: "end";
  /** Sorted by this column: what to compare. */
  by?: (row: Row) => string | number;
}

export interface Sorting {
  key: string;
  down: boolean;
}

interface TableProps<Row> {
  /** What the table is of, for screen readers. */
  caption: string;
  columns: Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  /** Whose row is marked as the one that is open. */
  isOpen?: (row: Row) => boolean;
  /** Words for a row's state, as a class. */
  rowClass?: (row: Row) => string;
  sorting?: Sorting | null;
  onSort?: (sorting: Sorting | null) => void;
  /** Shown instead of rows when there are none. */
  empty?: ComponentChildren;
  /** Lines that it is high at the most. */
  lines?: number;
}

/** Rows beyond those in sight that are in the page, so that a key or a wheel finds them there. */
const BEYOND = 8;

/** In pixels; measured as soon as there is a row. */
const FIRST_GUESS = 33;

export function DataTable<Row>(props: TableProps<Row>) {
  const { caption, columns, rows, rowKey, isOpen, rowClass, sorting = null, onSort, empty, lines = 16 } = props;
  const box = useRef<HTMLDivElement>(null);
  const [height, setHeight] = useState(FIRST_GUESS);
  const [sight, setSight] = useState({ top: 0, room: 600 });
  useLayoutEffect(() => {
    const row = box.current?.querySelector<HTMLElement>("tbody tr[data-row]");
    const measured = row?.getBoundingClientRect().height ?? 0;
    if (0 < measured && 0.5 < Math.abs(measured - height)) setHeight(measured);
  });
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const look = () => setSight({ top: element.scrollTop, room: element.clientHeight });
    const watcher = new ResizeObserver(look);
    watcher.observe(element);
    element.addEventListener("scroll", look, { passive: true });
    look();
    return () => {
      watcher.disconnect();
      element.removeEventListener("scroll", look);
    };
  }, []);
  const first = Math.max(0, Math.min(rows.length, Math.floor(sight.top / height)) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((sight.top + sight.room) / height) + BEYOND);
  const seen = rows.slice(first, last);
  if (rows.length === 0 && empty) return <>{empty}</>;
  return (
    <div
      class="table-box"
      ref={box}
      role="region"
      aria-label={caption}
      tabIndex={0}
      style={{ maxBlockSize: `calc(${lines} * ${height}px + 3rem)` }}
      onKeyDown={(event) => moveAmongRows(event, box.current, height)}
    >
      <table aria-rowcount={rows.length + 1}>
        <caption class="unseen">{caption}</caption>
        <colgroup>
          {columns.map(({ key, width }) => (
            <col key={key} style={width ? { inlineSize: width } : undefined} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <Head key={column.key} column={column} sorting={sorting} {...(onSort ? { onSort } : {})} />
            ))}
          </tr>
        </thead>
        <tbody>
          {0 < first && <Space rows={first} height={height} columns={columns.length} />}
          {seen.map((row, place) => (
            <tr
              key={rowKey(row)}
              data-row=""
              aria-rowindex={first + place + 2}
              aria-current={isOpen?.(row) ? "true" : undefined}
              class={rowClass?.(row)}
            >
              {columns.map(({ key, cell, align }) => (
                <td key={key} class={align}>
                  {cell(row)}
                </td>
              ))}
            </tr>
          ))}
          {last < rows.length && <Space rows={rows.length - last} height={height} columns={columns.length} />}
        </tbody>
      </table>
    </div>
  );
}

function Space({ rows, height, columns }: { rows: number; height: number; columns: number }) {
  return (
    <tr aria-hidden="true" class="space">
      <td colSpan={columns} style={{ blockSize: `${rows * height}px` }} />
    </tr>
  );
}

function Head<Row>(props: { column: Column<Row>; sorting: Sorting | null; onSort?: (sorting: Sorting | null) => void }) {
  const { column, sorting, onSort } = props;
  const { key, title, align, by } = column;
  const mine = sorting?.key === key ? sorting : null;
  const order = mine ? (mine.down ? "descending" : "ascending") : undefined;
  const next = () => onSort?.(mine ? (mine.down ? null : { key, down: true }) : { key, down: false });
  return (
    <th scope="col" class={align} aria-sort={order}>
      {by && onSort ? (
        <button type="button" class="sort" onClick={next}>
          {title}
          <span aria-hidden="true">{mine ? (mine.down ? " ▼" : " ▲") : ""}</span>
        </button>
      ) : (
        title
      )}
    </th>
  );
}

/** The arrow keys go from row to row where a link or a button of a row has the focus, over rows that are not in the page too. */
function moveAmongRows(event: KeyboardEvent, box: HTMLElement | null, height: number): void {
  const target = event.target as HTMLElement;
  const row = target.closest<HTMLElement>("tr[data-row]");
  if (!box || !row || (event.key !== "ArrowDown" && event.key !== "ArrowUp")) return;
  const next = event.key === "ArrowDown" ? row.nextElementSibling : row.previousElementSibling;
  const link = next?.querySelector<HTMLElement>("a, button");
  if (!link) return;
  event.preventDefault();
  link.focus({ preventScroll: true });
  const head = box.querySelector("thead")?.getBoundingClientRect().height ?? 0;
  const { top, bottom } = (next as HTMLElement).getBoundingClientRect();
  const frame = box.getBoundingClientRect();
  if (frame.bottom < bottom) box.scrollTop += bottom - frame.bottom + height;
  if (top < frame.top + head) box.scrollTop -= frame.top + head - top + height;
}

/** Rows in the order that was asked for; as they came when none was. */
export function sorted<Row>(rows: Row[], columns: Column<Row>[], sorting: Sorting | null): Row[] {
  const by = columns.find(({ key }) => key === sorting?.key)?.by;
  if (!by || !sorting) return rows;
  const sign = sorting.down ? -1 : 1;
  return rows.toSorted((left, right) => {
    const [a, b] = [by(left), by(right)];
    return sign * (typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b)));
  });
}
