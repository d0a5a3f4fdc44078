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
  /** The key of the row that is open: it is marked, and brought into sight once. */
  open?: string | number | null;
  sorting?: Sorting | null;
  onSort?: (sorting: Sorting | null) => void;
  /** Shown instead of rows when there are none. */
  empty?: ComponentChildren;
  /** Lines that it is high at the most. */
  lines?: number;
  /** Whether the end stays in sight when rows are added there, for who is at the end. */
  followsEnd?: boolean;
}

/** Rows beyond those in sight that are in the page, so that a key or a wheel finds them there. */
const BEYOND = 8;

/** In pixels; measured as soon as there is a row. */
const FIRST_GUESS = 33;

export function DataTable<Row>(props: TableProps<Row>) {
  // Another component, so that what it measures and listens to begins with its first row.
  return props.rows.length === 0 && props.empty ? <>{props.empty}</> : <Rows {...props} />;
}

function Rows<Row>(props: TableProps<Row>) {
  const { caption, columns, rows, rowKey, open = null, sorting = null, onSort, lines = 16, followsEnd = false } = props;
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
  const top = useAnchor({ box, rows, rowKey, height, followsEnd, top: sight.top }, (top) => setSight({ ...sight, top }));
  useOpenInSight({ box, rows, rowKey, open });
  useKeptFocus(box);
  const first = Math.max(0, Math.min(rows.length, Math.floor(top / height)) - BEYOND);
  const last = Math.min(rows.length, Math.ceil((top + sight.room) / height) + BEYOND);
  const seen = rows.slice(first, last);
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
              aria-current={open !== null && rowKey(row) === open ? "true" : undefined}
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

interface Anchored<Row> {
  box: { current: HTMLDivElement | null };
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  height: number;
  followsEnd: boolean;
  /** How far it is scrolled, as it was heard last. */
  top: number;
}

/**
 * Keeps the rows in sight where they are when others come and go above them; at the top, what is new at the top is seen.
 * The answer is how far it has to be scrolled for that.
 */
function useAnchor<Row>({ box, rows, rowKey, height, followsEnd, top }: Anchored<Row>, moved: (top: number) => void): number {
  const before = useRef<{ rows: readonly Row[]; place: number; key: string | number } | null>(null);
  const wasAtEnd = useRef(followsEnd);
  const was = before.current;
  let wanted = top;
  if (was === null || was.rows !== rows) {
    const room = box.current?.clientHeight ?? 0;
    if (followsEnd && wasAtEnd.current) wanted = Math.max(0, rows.length * height - room);
    else if (was && 0 < top) {
      const place = placeOf(rows, rowKey, was.key, was.place);
      if (0 <= place) wanted = Math.max(0, top + (place - was.place) * height);
    }
  }
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    if (followsEnd && wasAtEnd.current) element.scrollTop = element.scrollHeight;
    else if (wanted !== top) element.scrollTop = wanted;
    if (element.scrollTop !== top) moved(element.scrollTop);
    const remember = () => {
      const place = Math.min(rows.length - 1, Math.floor(element.scrollTop / height));
      const row = rows[place];
      before.current = row === undefined ? null : { rows, place, key: rowKey(row) };
      wasAtEnd.current = element.scrollHeight - element.clientHeight - element.scrollTop < height;
    };
    remember();
    element.addEventListener("scroll", remember, { passive: true });
    return () => element.removeEventListener("scroll", remember);
  }, [rows, height, followsEnd]);
  return wanted;
}

/** Where a row is now that was at `place`; -1 when it is gone. */
function placeOf<Row>(rows: readonly Row[], rowKey: (row: Row) => string | number, key: string | number, place: number): number {
  const here = rows[place];
  if (here !== undefined && rowKey(here) === key) return place;
  return rows.findIndex((row) => rowKey(row) === key);
}

interface Opened<Row> {
  box: { current: HTMLDivElement | null };
  rows: readonly Row[];
  rowKey: (row: Row) => string | number;
  open: string | number | null;
}

/** Brings the row that is open into sight: once, when it is opened or its row comes, and not when somebody has it there. */
function useOpenInSight<Row>({ box, rows, rowKey, open }: Opened<Row>): void {
  const brought = useRef<string | number | null>(null);
  useLayoutEffect(() => {
    const element = box.current;
    if (open === null) brought.current = null;
    if (!element || open === null || brought.current === open) return;
    const place = rows.findIndex((row) => rowKey(row) === open);
    const height = element.querySelector("tr[data-row]")?.getBoundingClientRect().height;
    if (place < 0 || !height) return;
    brought.current = open;
    const head = element.querySelector("thead")?.getBoundingClientRect().height ?? 0;
    const room = element.clientHeight - head;
    const top = place * height;
    if (top < element.scrollTop || element.scrollTop + room < top + height) element.scrollTop = Math.max(0, top - room / 3);
  }, [rows, open]);
}

/** Keeps the focus in the table when the row that has it leaves: it goes to the row in its place, or else to the table. */
function useKeptFocus(box: { current: HTMLDivElement | null }): void {
  const row = useRef<{ element: HTMLElement; index: number } | null>(null);
  useEffect(() => {
    const element = box.current;
    if (!element) return undefined;
    const came = (event: FocusEvent) => {
      const found = (event.target as HTMLElement).closest<HTMLElement>("tr[data-row]");
      row.current = found && { element: found, index: Number(found.ariaRowIndex) };
    };
    const left = (event: FocusEvent) => {
      // A row that is taken away has no focus to hand on, and may tell so.
      if (event.relatedTarget !== null) row.current = null;
    };
    element.addEventListener("focusin", came);
    element.addEventListener("focusout", left);
    return () => {
      element.removeEventListener("focusin", came);
      element.removeEventListener("focusout", left);
    };
  }, []);
  useLayoutEffect(() => {
    const had = row.current;
    const element = box.current;
    if (!had || !element) return;
    if (had.element.isConnected) {
      had.index = Number(had.element.ariaRowIndex);
      return;
    }
    row.current = null;
    if (document.activeElement !== document.body) return;
    const next = element.querySelector<HTMLElement>(`tr[aria-rowindex="${had.index}"] :is(a, button)`);
    (next ?? element).focus({ preventScroll: true });
  });
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
  // What is compared is asked of each row once, and as plain texts: ten thousand rows are put in order several times a second.
  const keyed = rows.map((row) => {
    const key = by(row);
    return { row, key: typeof key === "string" ? key.toLowerCase() : key };
  });
  const sign = sorting.down ? -1 : 1;
  keyed.sort((left, right) => (left.key < right.key ? -sign : left.key === right.key ? 0 : sign));
  return keyed.map(({ row }) => row);
}
